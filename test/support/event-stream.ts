/** Reads server-sent events off a response, one after the other. Comments are skipped. */
export interface Received {
  readonly id?: string
  readonly event?: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was sent
  readonly data: any
}

export async function* eventsOf(response: Response): AsyncGenerator<Received> {
  const decoder = new TextDecoder()
  let buffer = ''
  for await (const chunk of response.body!) {
    buffer += decoder.decode(chunk as Uint8Array, { stream: true })
    for (let end = buffer.indexOf('\n\n'); end !== -1; end = buffer.indexOf('\n\n')) {
      const received = parse(buffer.slice(0, end))
      buffer = buffer.slice(end + 2)
      if (received) yield received
    }
  }
}

function parse(frame: string): Received | undefined {
  const fields = new Map<string, string>()
  for (const line of frame.split('\n')) {
    const colon = line.indexOf(': ')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2))
  }
  const data = fields.get('data')
  if (data === undefined) return undefined
  const [id, event] = [fields.get('id'), fields.get('event')]
  return { ...(id !== undefined && { id }), ...(event !== undefined && { event }), data: JSON.parse(data) }
}
