/** Forms with files (multipart/form-data): fields into memory, files into objects as they arrive. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy'
import { EngineError, invalid } from '../../core/engine-error.ts'
import type { Tenant } from '../../core/identity.ts'
import type { ObjectStore } from '../../core/ports/object-store.ts'
import { type StoreBodyOptions, type StoredBody, storeBody } from './body.ts'

export interface FormOptions extends StoreBodyOptions {
  readonly objects: ObjectStore
  readonly tenant: Tenant
  /** Where a file goes. */
  keyOf(field: string, fileName: string): string
  /** Default 20. */
  readonly mostFiles?: number
}

export interface FormFile extends StoredBody {
  readonly field: string
  /** As the client named it, without directories. */
  readonly fileName: string
  readonly mediaType: string
  readonly key: string
}

export interface Form {
  /** The last value of each field. */
  readonly fields: ReadonlyMap<string, string>
  readonly files: readonly FormFile[]
}

const MOST_FIELDS = 200
const FIELD_BYTES = 1024 * 1024

/**
 * Reads a form from a body that `acceptStreamedBodies` left unread. All or nothing: after a failure none of its files is
 * there. Rejects with `exhausted` for a file beyond `limitBytes`, with `invalid` for what is no form or breaks off.
 */
export async function readForm(body: Readable, headers: IncomingHttpHeaders, options: FormOptions): Promise<Form> {
  const fields = new Map<string, string>()
  const writes: Promise<FormFile>[] = []
  const parser = parserOf(headers, options)
  parser.on('field', (name: string, value: string) => void fields.set(name, value))
  parser.on('file', (field: string, stream: Readable, fileName = '', _encoding: string, mediaType: string) => {
    const write = keep(stream, { field, fileName, mediaType }, options)
    write.catch(() => undefined)
    writes.push(write)
  })
  const parsed = await settled(parsing(body, parser))
  const outcomes = await Promise.allSettled(writes)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  const files = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  if (!parsed && !failed) return { fields, files }
  for (const { key } of files) await options.objects.remove(options.tenant, key)
  throw parsed?.error ?? failed?.reason
}

const settled = (promise: Promise<void>): Promise<{ readonly error: unknown } | undefined> =>
  promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )

function parserOf(headers: IncomingHttpHeaders, { mostFiles = 20 }: FormOptions): BusboyInstance {
  try {
    const limits = { files: mostFiles, fields: MOST_FIELDS, fieldSize: FIELD_BYTES, headerPairs: 100 }
    return new Busboy({ headers: headers as BusboyHeaders, limits })
  } catch (error) {
    throw invalid('body', `it is no form: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Resolves when the form was read to its end; rejects when it is broken, breaks off or has too much in it. */
function parsing(body: Readable, parser: BusboyInstance): Promise<void> {
  const open = new Set<Readable>()
  return new Promise((resolve, reject) => {
    let over = false
    const fail = (error: unknown): void => {
      if (over) return
      over = true
      body.unpipe(parser)
      body.resume()
      for (const stream of open) stream.destroy(new Error('the form broke off'))
      reject(error instanceof EngineError ? error : invalid('body', `it is no whole form: ${String(error)}`))
    }
    parser.on('file', (_field: string, stream: Readable) => {
      open.add(stream)
      stream.on('close', () => open.delete(stream))
      stream.on('error', () => undefined)
    })
    parser.on('field', (name: string, _value: string, _nameCut: boolean, valueCut: boolean) => {
      if (valueCut) fail(tooMuch(`the field ${name} has more than ${FIELD_BYTES} bytes`))
    })
    parser.on('fieldsLimit', () => fail(tooMuch(`it has more than ${MOST_FIELDS} fields`)))
    parser.on('filesLimit', () => fail(tooMuch('it has too many files')))
    parser.on('error', fail)
    parser.on('finish', () => {
      over = true
      resolve()
    })
    body.on('error', fail)
    body.on('close', () => body.readableEnded || fail(new Error('it broke off')))
    body.pipe(parser)
  })
}

const tooMuch = (message: string): EngineError => new EngineError('exhausted', message, { subject: 'form' })

async function keep(
  stream: Readable,
  part: Pick<FormFile, 'field' | 'fileName' | 'mediaType'>,
  options: FormOptions,
): Promise<FormFile> {
  const key = options.keyOf(part.field, part.fileName)
  return { ...part, key, ...(await storeBody(options.objects, options.tenant, key, stream, options)) }
}
