import type { Context } from './context.ts'
import { findEndpoint, isTrusted } from './endpoint.ts'
import { Failure } from './failure.ts'

/** The Upsun API of the server, with the API token of UPSUN_CLI_TOKEN or of the data directory. */
export interface UpsunClient {
  readonly url: string
  request(path: string, options?: RequestInit): Promise<Response>
}

export async function upsunClient(context: Context, given: { readonly url: string | undefined }): Promise<UpsunClient> {
  const { environment, dataDirectory } = context
  const endpoint = await findEndpoint({
    url: given.url ?? environment.TASKPORT_URL ?? environment.UPSUN_CLI_API_URL,
    token: environment.UPSUN_CLI_TOKEN,
    dataDirectory,
  })
  const token = environment.UPSUN_CLI_TOKEN ?? (await firstToken(endpoint.url, dataDirectory))
  return {
    url: endpoint.url,
    request: (path, options = {}) => request(`${endpoint.url}${path}`, token, options),
  }
}

async function firstToken(url: string, dataDirectory: string): Promise<string | undefined> {
  if (!(await isTrusted(url, dataDirectory))) return undefined
  const { clientEnvironment } = await import('../server/environment.ts')
  return (await clientEnvironment({ url, dataDirectory })).UPSUN_CLI_TOKEN
}

/** Throws a Failure with the server's own words. */
async function request(address: string, token: string | undefined, options: RequestInit): Promise<Response> {
  const headers = { ...(options.headers as Record<string, string>), ...(token && { authorization: `Bearer ${token}` }) }
  let response: Response
  try {
    response = await fetch(address, { ...options, headers })
  } catch (error) {
    throw new Failure(`the server at ${new URL(address).origin} does not answer`, 'is it up? `taskport up`', 1, error)
  }
  if (response.ok) return response
  const text = await response.text()
  throw new Failure(messageOf(text) ?? `the server answered ${response.status}`, nextOf(response.status))
}

function messageOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message
  } catch {
    return undefined
  }
}

const nextOf = (status: number): string | undefined =>
  status === 401 ? 'set UPSUN_CLI_TOKEN, or name the data directory: --data-dir DIR' : undefined
