const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  503: 'Service Unavailable',
}

/** A refusal in the form of RFC 9457; `code` is for programs, `detail` for people. */
export function problem(
  status: number,
  code: string,
  detail: string,
  headers?: Readonly<Record<string, string>>,
): Response {
  const body = JSON.stringify({ title: titles[status], status, code, detail })
  return new Response(body, { status, headers: { ...headers, 'content-type': 'application/problem+json' } })
}
