/** 128 random bits as text: a log's id, so that no two logs are taken for one. */
export function randomId(): string {
  // Not randomUUID, which insecure contexts lack.
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
