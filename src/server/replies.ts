import type { FastifyReply } from 'fastify'
import { plainText } from '#report/plain-text.ts'
import { NO_PAGE_POLICY, TEXT_TYPE } from '#server/file-format.ts'

/** What is not here comes with the next run; asking much more often brings nothing. */
const RETRY_AFTER_SECONDS = 60

/** Of every answer about an object. */
export const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

export function textReply(reply: FastifyReply): FastifyReply {
  return reply.headers({ ...HEADERS, 'content-security-policy': NO_PAGE_POLICY }).type(TEXT_TYPE)
}

/** 404 with the reason on a line. @param before goes in front of it */
export function refuse(reply: FastifyReply, why: string, before = ''): FastifyReply {
  return textReply(reply.code(404)).send(`${before}${plainText(why)}\n`)
}

/** 503 with the reason on a line: it may be here later. */
export function notHere(reply: FastifyReply, why: string): FastifyReply {
  return textReply(reply.code(503).header('retry-after', RETRY_AFTER_SECONDS)).send(`${plainText(why)}\n`)
}
