/** The little of tar (ustar) that is needed to copy a few files into and out of a container. */

export interface TarEntry {
  /** Relative to where the archive is unpacked. A directory's ends in `/`. */
  readonly path: string
  readonly mode: number
  readonly content?: Buffer
}

const BLOCK = 512

export function writeTar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)])
}

function blocksOf({ path, mode, content = Buffer.alloc(0) }: TarEntry): Buffer[] {
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)
  return [headerOf(path, mode, content.length), content, padding]
}

/** Long names are split at a slash into name and prefix (POSIX ustar). Throws when that cannot be. */
function headerOf(path: string, mode: number, size: number): Buffer {
  const header = Buffer.alloc(BLOCK)
  const [prefix, name] = splitName(path)
  header.write(name, 0, 100)
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  header.write(
    `${Math.floor(Date.now() / 1000)
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
  )
  header.write('        ', 148)
  header.write(path.endsWith('/') ? '5' : '0', 156)
  header.write('ustar\x0000', 257)
  header.write(prefix, 345, 155)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

function splitName(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path]
  for (let at = path.lastIndexOf('/', path.length - 2); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return [prefix, name]
  }
  throw new Error(`the path ${path} is too long`)
}

/** The first regular file of an archive of at most some megabytes; undefined when the entry is no regular file. */
export function readFirstFile(archive: Buffer): Buffer | undefined {
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const type = archive[at + 156]!
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8) || 0
    const body = at + BLOCK
    if (type === 0x30 || type === 0) return archive.subarray(body, body + size)
    // Extended headers (pax, GNU) precede what they describe.
    if (type !== 0x78 && type !== 0x67 && type !== 0x4c) return undefined
    at = body + Math.ceil(size / BLOCK) * BLOCK
  }
  return undefined
}
