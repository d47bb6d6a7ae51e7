/**
 * Hands a message to a web address, once. Resolves with the answer's status, whatever it is; rejects with an Error whose
 * message says what was wrong when there was no answer: refused address, no connection, out of time, aborted.
 */
export type Deliver = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
) => Promise<{ readonly status: number }>
