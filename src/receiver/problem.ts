/** A refusal in the form of RFC 9457; `code` is for programs, `detail` for people. */
export function problem(
  status: number,
  code: string,
  detail: string,
  headers?: Readonly<Record<string, string>>,
): Response {
  const type = { 'content-type': 'application/problem+json' }
  return Response.json({ status, code, detail }, { status, headers: { ...headers, ...type } })
}
