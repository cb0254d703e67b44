const titles = {
  'key-missing': [400, 'Idempotency-Key is missing'],
  'key-malformed': [400, 'Idempotency-Key is malformed'],
  'body-lost': [400, 'Bad Request'],
  unauthorized: [401, 'Unauthorized'],
  'key-in-use': [409, 'A request is outstanding for this Idempotency-Key'],
  'body-too-large': [413, 'Content Too Large'],
  'key-reused': [422, 'Idempotency-Key is already used'],
  'database-busy': [503, 'Service Unavailable'],
} as const

/** A refusal in the form of RFC 9457, with the titles of the draft; `code` is for programs, `detail` for people. */
export function problem(
  code: keyof typeof titles,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const [status, title] = titles[code]
  const response = new Response(JSON.stringify({ title, status, code, detail }), { status, headers })
  response.headers.set('content-type', 'application/problem+json')
  return response
}
