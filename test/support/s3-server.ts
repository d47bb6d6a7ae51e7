/**
 * An S3-compatible store in this process, as far as presigned addresses need one: buckets named in the path, objects in
 * memory. Every signature is made again by another implementation (npm aws4) and compared.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import aws4 from 'aws4'

export interface S3Server {
  readonly endpoint: string
  /** By `bucket/key`. */
  readonly objects: Map<string, Buffer>
  /** What was said of their kind, by the same. */
  readonly types: ReadonlyMap<string, string | undefined>
  /** The paths of what was put, in order. */
  readonly puts: readonly string[]
  /** Requests whose signature was not that of the keys. */
  readonly refused: readonly string[]
  /** Answers PUTs with this status instead, until told otherwise. */
  failWith(status: number | undefined): void
  close(): Promise<void>
}

export interface S3Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export async function openS3Server(keys: S3Keys): Promise<S3Server> {
  const objects = new Map<string, Buffer>()
  const types = new Map<string, string | undefined>()
  const [puts, refused]: [string[], string[]] = [[], []]
  let failure: number | undefined
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://s3').pathname).slice(1)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (!isSigned(request, keys)) {
        refused.push(path)
        return void answer(response, 403, 'SignatureDoesNotMatch')
      }
      if (request.method === 'PUT') {
        if (failure !== undefined) return void answer(response, failure, 'Refused')
        objects.set(path, Buffer.concat(chunks))
        types.set(path, request.headers['content-type'])
        puts.push(path)
        return void response.end()
      }
      const found = objects.get(path)
      if (found) response.end(found)
      else answer(response, 404, 'NoSuchKey')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    ...{ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, objects, types, puts, refused },
    failWith(status) {
      failure = status
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const answer = (response: ServerResponse, status: number, code: string): unknown =>
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`)

function isSigned({ method = '', url = '', headers }: IncomingMessage, keys: S3Keys): boolean {
  const given = new URL(url, 'http://s3')
  const signature = given.searchParams.get('X-Amz-Signature')
  const query = [...given.searchParams].filter(([name]) => name !== 'X-Amz-Signature')
  const path = `${given.pathname}?${query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')}`
  const asked = { service: 's3', region: 'us-east-1', method, host: headers.host ?? '', path, signQuery: true }
  const { path: signed = '' } = aws4.sign(asked, keys) as { readonly path?: string }
  return signature !== null && new URL(signed, 'http://s3').searchParams.get('X-Amz-Signature') === signature
}
