import { Failure } from './failure.ts'

/** The Gitpod / Ona API of a server, in the plain JSON of its older clients: as much of it as the command line needs. */
export interface OnaClient {
  /** `service` without `gitpod.v1.`. Throws a Failure with the server's own words. */
  call<Reply>(service: string, method: string, body: object): Promise<Reply>
  /** What happens in an environment, for ever; empty at first and now and then. */
  events(environmentId: string, signal: AbortSignal): AsyncIterable<OnaEvent>
}

export interface OnaEvent {
  /** Absent in a message that only keeps the line open. */
  readonly resourceType?: string
  readonly resourceId?: string
}

export function onaClient({ url, key }: { readonly url: string; readonly key: string }): OnaClient {
  const post = (service: string, method: string, body: object, options: RequestInit = {}): Promise<Response> =>
    fetch(`${url}/api/gitpod.v1.${service}/${method}`, {
      method: 'POST',
      body: JSON.stringify(body),
      ...options,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...options.headers },
    })
  return {
    async call<Reply>(service: string, method: string, body: object) {
      const response = await post(service, method, body)
      if (!response.ok) throw new Failure(await messageOf(response))
      return (await response.json()) as Reply
    },
    async *events(environmentId, signal) {
      const headers = { accept: 'application/jsonl' }
      const response = await post('EventService', 'WatchEvents', { environmentId }, { headers, signal })
      if (!response.ok || !response.body) throw new Failure(await messageOf(response))
      for await (const line of linesOf(response.body)) yield JSON.parse(line) as OnaEvent
    },
  }
}

async function messageOf(response: Response): Promise<string> {
  const text = await response.text()
  try {
    return (JSON.parse(text) as { readonly message: string }).message
  } catch {
    return `the server answered ${response.status}`
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  let rest = ''
  for await (const piece of body.pipeThrough(new TextDecoderStream() as never) as unknown as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
