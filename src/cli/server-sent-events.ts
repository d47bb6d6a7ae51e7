/** One event of a `text/event-stream` (WHATWG HTML, 9.2). */
export interface ServerSentEvent {
  readonly id?: string
  readonly event: string
  readonly data: string
}

/** Parses a stream as it arrives. An event cut off by the end of the stream is dropped, as the standard says. */
export async function* serverSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  let fields: { id?: string; event?: string; data: string[] } = { data: [] }
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop()!
    for (const line of lines) {
      if (line !== '') addField(fields, line)
      else {
        if (fields.data.length > 0) yield eventOf(fields)
        fields = { data: [] }
      }
    }
  }
}

function addField(fields: { id?: string; event?: string; data: string[] }, line: string): void {
  const colon = line.indexOf(':')
  if (colon === 0) return
  const name = colon < 0 ? line : line.slice(0, colon)
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
  if (name === 'data') fields.data.push(value)
  else if (name === 'id') fields.id = value
  else if (name === 'event') fields.event = value
}

const eventOf = (fields: { id?: string; event?: string; data: string[] }): ServerSentEvent => ({
  ...(fields.id !== undefined && { id: fields.id }),
  event: fields.event ?? 'message',
  data: fields.data.join('\n'),
})
