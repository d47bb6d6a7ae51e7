/**
 * A whole server with real processes on a free port, and in front of it a recorder: every AWS reply that passes is kept
 * and compared with the vendor's service model. Clients are given the recorder's address.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { ECSClient } from '@aws-sdk/client-ecs'
import { firstStartOf } from '../../src/faces/kit/first-start.ts'
import { type Configuration, DEFAULT_CONFIGURATION } from '../../src/server/configuration.ts'
import { keyFileOf } from '../../src/server/data-directory.ts'
import { FIRST_START_SPELLINGS } from '../../src/server/first-start-spellings.ts'
import { serve } from '../../src/server/server.ts'
import { openVault } from '../../src/server/vault.ts'
import { botocoreData, ServiceModel } from './service-model.ts'

export interface Exchange {
  readonly target: string
  readonly request: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly reply: string
}

export interface AwsWorld {
  /** The server's own address. */
  readonly url: string
  /** The recorder's: what clients use. */
  readonly endpoint: string
  readonly exchanges: readonly Exchange[]
  /** What replies said that the service model does not allow; empty without an installed botocore. */
  readonly problems: readonly string[]
  readonly ecs: ECSClient
  readonly logs: CloudWatchLogsClient
  client(region: string, credentials?: AwsCredentials): ECSClient
  /** Drops the next reply of this operation on its way back: the client sees its connection end. */
  dropReply(operation: string): void
  /** What `taskport env` prints for this face. */
  firstCredential(face: string): Promise<{ readonly name: string; readonly secret: string }>
  /** Rejects when any reply that passed was one that the service model does not allow. */
  close(): Promise<void>
}

interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export async function openAwsWorld(configuration: Partial<Configuration> = {}): Promise<AwsWorld> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'taskport-aws-'))
  const server = await serve({ ...DEFAULT_CONFIGURATION, port: 0, logLevel: 'silent', ...configuration, dataDirectory })
  const exchanges: Exchange[] = []
  const problems: string[] = []
  const dropped: string[] = []
  const models = modelsByPrefix()
  const recorder = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (c: Buffer) => chunks.push(c))
    incoming.on('end', () => {
      const body = Buffer.concat(chunks)
      const target = String(incoming.headers['x-amz-target'] ?? '')
      const up = httpRequest(
        server.url + (incoming.url ?? '/'),
        { method: incoming.method, headers: incoming.headers },
        (answer) => {
          const parts: Buffer[] = []
          answer.on('data', (c: Buffer) => parts.push(c))
          answer.on('end', () => {
            const reply = Buffer.concat(parts)
            const exchange = {
              target,
              request: body.toString(),
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              reply: reply.toString(),
            }
            exchanges.push(exchange)
            problems.push(...problemsOf(exchange, models))
            const at = dropped.indexOf(target.split('.')[1] ?? '')
            if (at >= 0) {
              dropped.splice(at, 1)
              incoming.socket.destroy()
              return
            }
            outgoing.writeHead(exchange.status, answer.headers)
            outgoing.end(reply)
          })
        },
      )
      up.on('error', () => incoming.socket.destroy())
      up.end(body)
    })
  })
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`
  const client: AwsWorld['client'] = (region, credentials) => new ECSClient(settings(endpoint, region, credentials))
  return {
    url: server.url,
    endpoint,
    exchanges,
    problems,
    ecs: client('us-east-1'),
    logs: new CloudWatchLogsClient(settings(endpoint, 'us-east-1')),
    client,
    dropReply: (operation) => void dropped.push(operation),
    firstCredential: async (face) => {
      const { name, secret } = firstStartOf(openVault(keyFileOf(dataDirectory)), face, FIRST_START_SPELLINGS[face])
      return { name, secret }
    },
    async close() {
      recorder.closeAllConnections()
      await new Promise((resolve) => recorder.close(resolve))
      await server.stop({ endTasks: true })
      rmSync(dataDirectory, { recursive: true, force: true })
      if (problems.length > 0) throw new Error(`the service model does not allow: ${problems.join('; ')}`)
    },
  }
}

const ANYONE: AwsCredentials = { accessKeyId: 'test', secretAccessKey: 'test' }

const settings = (endpoint: string, region: string, credentials = ANYONE) => ({ endpoint, region, credentials })

function modelsByPrefix(): ReadonlyMap<string, ServiceModel> {
  const data = botocoreData()
  if (data === undefined) return new Map()
  const models = [new ServiceModel('ecs', data), new ServiceModel('logs', data)]
  return new Map(models.map((m) => [m.prefix, m]))
}

function problemsOf(
  { target, status, reply, headers }: Exchange,
  models: ReadonlyMap<string, ServiceModel>,
): readonly string[] {
  const [prefix = '', operation = ''] = target.split('.')
  const problems =
    target !== '' && headers['x-amzn-requestid'] === undefined ? [`${operation}: no x-amzn-RequestId`] : []
  const model = models.get(prefix)
  if (!model || status !== 200) return problems
  return [...problems, ...model.problemsOf(operation, JSON.parse(reply))]
}

/** Polls until the test holds; throws after `limitMs` with what was seen last. */
export async function until<T>(look: () => Promise<T>, test: (seen: T) => boolean, limitMs = 20_000): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const seen = await look()
    if (test(seen)) return seen
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms; last seen: ${JSON.stringify(seen)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
