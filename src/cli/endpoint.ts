import { existsSync } from 'node:fs'
import { Failure } from './failure.ts'
import type { Endpoint } from './native-client.ts'

/**
 * Which server to talk to: what flags or TASKPORT_URL and TASKPORT_TOKEN say; what they leave open comes from the data
 * directory of a server on this machine, whose key file derives the token. That token is told to no other machine.
 */
export async function findEndpoint(given: {
  readonly url: string | undefined
  readonly token: string | undefined
  readonly dataDirectory: string
}): Promise<Endpoint> {
  if (given.url !== undefined && given.token !== undefined) return { url: urlOf(given.url), token: given.token }
  if (!existsSync(given.dataDirectory)) {
    if (given.url === undefined)
      throw new Failure(
        `no server is named, and there is no data directory ${given.dataDirectory}`,
        'start one with `taskport up`, or set TASKPORT_URL and TASKPORT_TOKEN',
      )
    return { url: urlOf(given.url), token: given.token }
  }
  const url = urlOf(given.url ?? (await urlOfRunningServer(given.dataDirectory)))
  return { url, token: given.token ?? (await tokenOf(given.dataDirectory, url)) }
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/

/** Whether a server may be shown what a data directory's key derives: its own server, or another of this machine. */
export async function isTrusted(url: string, dataDirectory: string): Promise<boolean> {
  if (LOOPBACK.test(new URL(url).hostname)) return true
  const { readServerFile } = await import('../server/server-file.ts')
  return readServerFile(dataDirectory)?.url === url
}

async function urlOfRunningServer(dataDirectory: string): Promise<string> {
  const { readServerFile } = await import('../server/server-file.ts')
  const server = readServerFile(dataDirectory)
  if (server) return server.url
  throw new Failure(
    `no server runs on the data directory ${dataDirectory}`,
    'start one with `taskport up`, or set TASKPORT_URL and TASKPORT_TOKEN',
  )
}

async function tokenOf(dataDirectory: string, url: string): Promise<string | undefined> {
  if (!(await isTrusted(url, dataDirectory))) return undefined
  const { clientEnvironment } = await import('../server/environment.ts')
  return (await clientEnvironment({ url, dataDirectory })).TASKPORT_TOKEN
}

function urlOf(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new Failure(`${text} is no http:// or https:// address`, 'write it as http://127.0.0.1:7400')
  return text.replace(/\/+$/, '')
}
