import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type Server } from 'node:net'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkReport, healthyImage, OUTDATED_AT, RUN_END, sampleImages } from '#test/harness/check-report.ts'
import { knownCheck, startReportServer } from '#test/harness/report-server.ts'
import { createStateDir } from '#test/harness/state-dir.ts'
import { testAuthority } from '#test/harness/tls.ts'

const plugin = path.join(import.meta.dirname, '../../contrib/nagios/check_tallyman')

function run(
  ...args: string[]
): Promise<{ code: number | string | null | undefined; text: string; noise: string }> {
  return new Promise((resolve) => {
    execFile('python3', [plugin, ...args], { timeout: 60_000 }, (error, text, noise) => {
      resolve({ code: error === null ? 0 : error.code, text, noise })
    })
  })
}

/** A server that is not Tallyman; ends with the test. @returns its port */
async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function answering(handler: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(handler))}`
}

describe('check_tallyman', () => {
  test('exits by the first word of the text, and prints it', async () => {
    const healthy = checkReport([healthyImage('registry.example/a:1')])
    const warning = checkReport(
      sampleImages().filter((image) => image.findings.every(({ severity }) => severity !== 'Critical')),
    )
    const critical = checkReport(sampleImages())
    const { url, checks, ask, clock } = await startReportServer(knownCheck(healthy))
    const expected: [number, string, ReturnType<typeof knownCheck> | undefined][] = [
      [0, 'OK', knownCheck(healthy)],
      [2, 'CRITICAL', knownCheck(critical)],
      [3, 'UNKNOWN', knownCheck(warning)],
      [3, 'UNKNOWN', undefined],
    ]
    for (const [code, word, check] of expected) {
      checks.set('apps/in-use', check)
      const direct = await (await ask('/nagios/apps/in-use')).text()
      for (const args of [['-n', 'apps/in-use'], []]) {
        const got = await run('-u', url, ...args)
        expect(got).toEqual({ code, text: direct, noise: '' })
        expect(got.text.split(' ')[0]).toBe(word)
      }
    }
    checks.set('apps/in-use', knownCheck(healthy))
    await clock.advance(OUTDATED_AT - RUN_END + 1)
    expect(await run('-H', '127.0.0.1', '-p', new URL(url).port)).toMatchObject({ code: 3 })
  })

  test('exits 1 for WARNING', async () => {
    const images = sampleImages().filter(({ findings }) =>
      findings.every(({ severity, code }) => severity !== 'Critical' && code !== 'NotExamined'),
    )
    const { url } = await startReportServer(knownCheck(checkReport(images)))
    const got = await run('-u', url, '-n', 'apps/in-use')
    expect(got.code).toBe(1)
    expect(got.text).toMatch(/^WARNING - 1 of 4 images cannot be pulled/)
  })

  test('prints what Nagios reads, in whole lines, and says how many there are', async () => {
    const [broken] = sampleImages()
    const many = Array.from({ length: 5000 }, (_, index) => ({
      use: { ...(broken?.use ?? healthyImage('a:1').use), image: `registry.example/app:${index}` },
      findings: (broken?.findings ?? []).map((finding) => ({
        ...finding,
        use: { ...finding.use, image: `registry.example/app:${index}` },
      })),
      ignored: [],
    }))
    const { url } = await startReportServer(knownCheck(checkReport(many)))
    const { code, text } = await run('-u', url, '-n', 'apps/in-use')
    expect(code).toBe(2)
    expect(Buffer.byteLength(text)).toBeLessThan(8192)
    const lines = text.trimEnd().split('\n')
    const [, more] = /^and (\d+) more lines: /.exec(lines.at(-1) ?? '') ?? []
    expect(lines.length - 1 + Number(more)).toBe(5001)
  })

  test.each<[string, RequestListener]>([
    [
      'an HTML page of a proxy',
      (_, reply) => reply.setHeader('content-type', 'text/html').end('<h1>OK - log in</h1>'),
    ],
    ['another text', (_, reply) => reply.setHeader('content-type', 'text/plain').end('OKAY\n')],
    ['nothing', (_, reply) => reply.setHeader('content-type', 'text/plain').end()],
    [
      'bytes that are no text',
      (_, reply) => reply.setHeader('content-type', 'text/plain').end(Buffer.from([79, 75, 32, 45, 32, 255])),
    ],
    [
      'a state that comes with an error',
      (_, reply) => reply.writeHead(502, { 'content-type': 'text/plain' }).end('OK - fine\n'),
    ],
    [
      'half of an answer',
      (_, reply) =>
        reply
          .writeHead(200, { 'content-type': 'text/plain', 'content-length': 100 })
          .write('OK - half', () => reply.destroy()),
    ],
    [
      'a redirect in a circle',
      (request, reply) => reply.writeHead(302, { location: request.url ?? '/' }).end(),
    ],
    [
      'a byte now and then',
      (_, reply) => {
        reply.writeHead(200, { 'content-type': 'text/plain' })
        const timer = setInterval(() => reply.write('O'), 100)
        reply.on('close', () => clearInterval(timer))
      },
    ],
    ['silence', () => undefined],
  ])('S22: %s is UNKNOWN', async (_, handler) => {
    const url = await answering(handler)
    const got = await run('-u', url, '-n', 'apps/in-use', '-t', '2')
    expect(got).toMatchObject({ code: 3, noise: '' })
    expect(got.text).toMatch(/^UNKNOWN - .+\n$/)
  })

  test('S22: what does not speak HTTP, what refuses the connection, and what has no address is UNKNOWN', async () => {
    const port = await listen(createTcpServer((socket) => socket.end('SSH-2.0-x\r\n')))
    const refused = createTcpServer()
    const closed = await listen(refused)
    refused.close()
    for (const url of [`http://127.0.0.1:${port}`, `http://127.0.0.1:${closed}`, 'http://nothing.invalid']) {
      const got = await run('-u', url, '-t', '20')
      expect(got).toMatchObject({ code: 3, noise: '' })
      expect(got.text).toMatch(/^UNKNOWN - .+\n$/)
    }
  })

  test('S22: wrong arguments are UNKNOWN and not CRITICAL, on the standard output', async () => {
    const wrong = [
      [],
      ['-u', 'ftp://a'],
      ['-u', 'http://user:secret@a'],
      ['-H', '[::1'],
      ['-H', 'a', '-p', 'x'],
      ['-H', 'a', '-n', 'b'],
      ['-H', 'a', '-t', '0'],
      ['-H', 'a', '--ca', '/nothing'],
      ['--no-such'],
      ['--help'],
    ]
    for (const args of wrong) {
      const got = await run(...args)
      expect(got).toMatchObject({ code: 3, noise: '' })
      expect(got.text).toMatch(/^(UNKNOWN - |usage: )/)
      expect(got.text).not.toContain('secret')
    }
  })

  test('trusts the authority that it is given, and no other', async () => {
    const authority = await testAuthority()
    const { keyPem, certPem } = await authority.issue(['127.0.0.1'])
    const port = await listen(
      createTlsServer({ key: keyPem, cert: certPem }, (_, reply) => {
        reply.setHeader('content-type', 'text/plain').end('OK - all is well\n')
      }),
    )
    const directory = await createStateDir('nagios-plugin')
    onTestFinished(() => directory.remove())
    const ca = path.join(directory.path, 'ca.pem')
    await writeFile(ca, authority.caPem)
    const where = ['-H', '127.0.0.1', '-p', String(port), '--ssl']
    expect(await run(...where, '--ca', ca)).toEqual({ code: 0, text: 'OK - all is well\n', noise: '' })
    const got = await run(...where)
    expect(got.code).toBe(3)
    expect(got.text).toMatch(/^UNKNOWN - no answer: .*CERTIFICATE_VERIFY_FAILED/)
  })
})
