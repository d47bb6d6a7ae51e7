/** Reads a source tree's archive (tar, compressed by gzip or not) in one pass: its identity and one file of it. */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { badRequest } from '../errors.ts'

export interface ArchiveFacts {
  /** Of paths, modes and contents: the same files give the same id, whenever they were packed. */
  readonly treeId: string
  /** The wished file's text; undefined when it is not there. */
  readonly file: string | undefined
}

const BLOCK = 512
const LONGEST_FILE_BYTES = 1024 * 1024
const MOST_BYTES = 2 * 1024 ** 3

interface Entry {
  readonly name: string
  readonly type: string
  readonly mode: string
  readonly link: string
  readonly size: number
}

/** Throws 400 when it is no such archive, or when it would reach outside of its directory. */
export async function readArchive(bytes: Readable, isCompressed: boolean, wished: string): Promise<ArchiveFacts> {
  const lines: string[] = []
  let file: string | undefined
  let longName: string | undefined
  try {
    for await (const { entry, digest, content } of entriesOf(bytes, isCompressed, wished)) {
      if (entry.type === 'L' || entry.type === 'x') {
        longName = entry.type === 'L' ? content.toString('utf8').replace(/\0+$/, '') : (paxPath(content) ?? longName)
        continue
      }
      if (entry.type === 'g') continue
      const name = normal(longName ?? entry.name)
      longName = undefined
      if (name.split('/').includes('..')) throw badRequest(`the archive reaches outside of its directory: ${name}`)
      if (name === wished) file = content.toString('utf8')
      if (name !== '') lines.push(`${name}\0${entry.type}\0${entry.mode}\0${entry.link}\0${digest}`)
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'UpsunError') throw error
    throw badRequest(`the tree is no readable tar archive: ${(error as Error).message}`)
  }
  if (lines.length === 0) throw badRequest('the tree is an empty archive')
  return { treeId: createHash('sha256').update(lines.sort().join('\n')).digest('hex').slice(0, 40), file }
}

const normal = (name: string): string => name.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')

const paxPath = (content: Buffer): string | undefined =>
  /(?:^|\n)\d+ path=([^\n]*)\n/.exec(content.toString('utf8'))?.[1]

interface Read {
  readonly entry: Entry
  readonly digest: string
  /** Of small files that matter: names that are too long, and the configuration. */
  readonly content: Buffer
}

async function* entriesOf(bytes: Readable, isCompressed: boolean, wished: string): AsyncGenerator<Read> {
  const source = isCompressed ? bytes.pipe(createGunzip()) : bytes
  if (isCompressed) bytes.on('error', (error) => source.destroy(error))
  let rest: Buffer = Buffer.alloc(0)
  let total = 0
  const reader = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const fill = async (wanted: number): Promise<boolean> => {
    while (rest.length < wanted) {
      const next = await reader.next()
      if (next.done) return false
      total += next.value.length
      if (total > MOST_BYTES) throw badRequest(`the tree is larger than ${MOST_BYTES} bytes`)
      rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value])
    }
    return true
  }
  while (await fill(BLOCK)) {
    const entry = headerOf(rest.subarray(0, BLOCK))
    rest = rest.subarray(BLOCK)
    if (!entry) continue
    const keeps = 'LxgK'.includes(entry.type) || normal(entry.name) === wished || entry.name.length >= 100
    const hash = createHash('sha256')
    const kept: Buffer[] = []
    let left = entry.size
    while (left > 0) {
      if (!(await fill(1))) throw new Error('it ends in the middle of a file')
      const piece = rest.subarray(0, Math.min(left, rest.length))
      hash.update(piece)
      if (keeps && entry.size <= LONGEST_FILE_BYTES) kept.push(Buffer.from(piece))
      rest = rest.subarray(piece.length)
      left -= piece.length
    }
    const padding = (BLOCK - (entry.size % BLOCK)) % BLOCK
    if (!(await fill(padding))) throw new Error('it ends in the middle of a file')
    rest = rest.subarray(padding)
    yield { entry, digest: hash.digest('hex'), content: Buffer.concat(kept) }
  }
}

/** undefined: one of the empty blocks at the end. */
function headerOf(block: Buffer): Entry | undefined {
  if (block.every((byte) => byte === 0)) return undefined
  const text = (from: number, length: number): string => {
    const field = block.subarray(from, from + length)
    const end = field.indexOf(0)
    return field.subarray(0, end === -1 ? length : end).toString('utf8')
  }
  if (!text(257, 5).startsWith('ustar')) throw new Error('a header is not one of tar')
  const size = Number.parseInt(text(124, 12).trim() || '0', 8)
  if (!Number.isFinite(size) || size < 0) throw new Error('a header has no size')
  const prefix = text(345, 155)
  const name =
    prefix === '' || block.subarray(257, 263).toString() !== 'ustar\0' ? text(0, 100) : `${prefix}/${text(0, 100)}`
  return { name, type: text(156, 1) || '0', mode: text(100, 8).trim(), link: text(157, 100), size }
}
