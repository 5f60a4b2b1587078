import { request } from 'node:https'

/**
 * True when `url` answers 200 within two seconds. The certificate is not checked: it is asked while the server is
 * still writing it.
 */
export function answersOk(url: string, token?: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      rejectUnauthorized: false,
      agent: false,
      signal: AbortSignal.timeout(2_000),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    })
    asked.once('response', (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode === 200))
      response.once('error', reject)
    })
    asked.once('error', reject)
    asked.end()
  })
}
