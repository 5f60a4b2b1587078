/**
 * `text` without what URLs may carry secretly: user and password, query and fragment (signed URLs, tokens). For
 * everything that leaves the process in events and conditions.
 */
export function redactUrls(text: string): string {
  return text.replace(/\b(https?:\/\/)([^\s"'<>]+)/gi, (_, scheme: string, rest: string) => {
    const [location = ''] = rest.split(/[?#]/, 1)
    const slash = location.indexOf('/')
    const authority = slash < 0 ? location : location.slice(0, slash)
    const path = slash < 0 ? '' : location.slice(slash)
    return scheme + authority.slice(authority.lastIndexOf('@') + 1) + path
  })
}
