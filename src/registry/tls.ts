import { X509Certificate } from 'node:crypto'
// getCACertificates not by its name: a Node that has none would end before the bundle can say which Node it takes.
import tls, { createSecureContext, type SecureContext } from 'node:tls'
import { TallymanError } from '#catalogue/error.ts'

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/**
 * A TLS context that trusts the certificates of `caPem` besides those of the system. Made once per client: parsing the
 * system's hundred and forty certificates takes longer than a handshake.
 * @throws SECRET_INVALID where a certificate cannot be read, or there is none
 */
export function trustContext(caPem: string): SecureContext {
  const certificates = caPem.match(PEM_CERTIFICATE) ?? []
  if (certificates.length === 0) throw new TallymanError('SECRET_INVALID', 'The CA holds no PEM certificate')
  try {
    for (const certificate of certificates) new X509Certificate(certificate)
    return createSecureContext({ ca: [...tls.getCACertificates('default'), ...certificates] })
  } catch (error) {
    throw new TallymanError('SECRET_INVALID', 'The CA holds a certificate that cannot be read', {
      cause: error,
    })
  }
}
