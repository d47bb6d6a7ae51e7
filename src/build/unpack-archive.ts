import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdir, open, symlink } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar'
import { type Entry, fromFd, type ZipFile } from 'yauzl'

/** What an archive may unpack to (a small one can hold a very large one), and what it did unpack to. */
export interface UnpackLimits {
  readonly bytes: number
  readonly entries: number
}

/** An archive that cannot be unpacked, in a sentence for its sender. */
export class BrokenArchive extends Error {}

export type ArchiveKind = 'zip' | 'tar'

const ZIP_MAGIC = 0x504b

async function kindOfArchive(path: string): Promise<ArchiveKind> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(2)
    await file.read(head, 0, 2, 0)
    return head.readUInt16BE() === ZIP_MAGIC ? 'zip' : 'tar'
  } finally {
    await file.close()
  }
}

/**
 * Unpacks below `directory`, which exists; answers how much it was. Nothing is ever written outside of it. Throws
 * BrokenArchive.
 */
export async function unpackArchive(path: string, directory: string, limits: UnpackLimits): Promise<UnpackLimits> {
  const kind = await kindOfArchive(path)
  const meter = new Meter(limits)
  try {
    await (kind === 'zip' ? unpackZip(path, directory, meter) : unpackTar(path, directory, meter))
    return meter.measured
  } catch (error) {
    if (error instanceof BrokenArchive) throw error
    throw new BrokenArchive(error instanceof Error ? error.message : String(error))
  }
}

/** Plain or gzipped; entries that leave the directory, devices and links out of it are an error, not left out. */
async function unpackTar(path: string, directory: string, meter: Meter): Promise<void> {
  const refused: string[] = []
  const sink = extract({
    cwd: directory,
    strict: true,
    preserveOwner: false,
    filter(name, entry) {
      meter.entry()
      if (leaves(directory, name)) refused.push(name)
      const type = 'type' in entry ? entry.type : 'File'
      if (type === 'CharacterDevice' || type === 'BlockDevice' || type === 'FIFO') refused.push(name)
      return refused.length === 0
    },
  })
  const source = createReadStream(path)
  const gunzip = await isGzipped(path)
  await (gunzip
    ? pipeline(source, createGunzip(), meter.stream(), sink as unknown as NodeJS.WritableStream)
    : pipeline(source, meter.stream(), sink as unknown as NodeJS.WritableStream))
  if (refused.length > 0) throw new BrokenArchive(`${refused[0]} is not a file below the archive's root`)
}

async function isGzipped(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(2)
    await file.read(head, 0, 2, 0)
    return head.readUInt16BE() === 0x1f8b
  } finally {
    await file.close()
  }
}

async function unpackZip(path: string, directory: string, meter: Meter): Promise<void> {
  const file = await open(path, 'r')
  try {
    const options = { lazyEntries: true, autoClose: false, strictFileNames: true, validateEntrySizes: true } as const
    const zip = await promisify<number, typeof options, ZipFile>(fromFd)(file.fd, options)
    await eachEntry(zip, meter, directory)
  } finally {
    await file.close()
  }
}

/** One after the other, so that one file is open at a time. */
function eachEntry(zip: ZipFile, meter: Meter, directory: string): Promise<void> {
  return new Promise((resolveAll, reject) => {
    zip.on('error', reject)
    zip.on('end', resolveAll)
    zip.on('entry', (entry: Entry) => {
      unpackEntry(zip, entry, meter, directory).then(() => zip.readEntry(), reject)
    })
    zip.readEntry()
  })
}

const UNIX_LINK = 0o120000
const UNIX_TYPE = 0o170000

async function unpackEntry(zip: ZipFile, entry: Entry, meter: Meter, directory: string): Promise<void> {
  meter.entry()
  const target = join(directory, entry.fileName)
  if (leaves(directory, entry.fileName)) throw new BrokenArchive(`${entry.fileName} is not below the archive's root`)
  if (entry.fileName.endsWith('/')) return void (await mkdir(target, { recursive: true }))
  await mkdir(dirname(target), { recursive: true })
  const mode = (entry.externalFileAttributes >>> 16) & 0xffff
  const bytes = await promisify<Entry, Readable>(zip.openReadStream.bind(zip) as never)(entry)
  if ((mode & UNIX_TYPE) === UNIX_LINK) return link(directory, target, await textOf(bytes, meter))
  // Exclusive: an entry never writes through a link that an earlier one made.
  await pipeline(bytes, meter.stream(), createWriteStream(target, { flags: 'wx' }))
  await chmod(target, (mode & 0o777) === 0 ? 0o755 : (mode & 0o777) | 0o600)
}

async function link(directory: string, target: string, to: string): Promise<void> {
  if (leaves(directory, relative(directory, resolve(dirname(target), to))))
    throw new BrokenArchive(`a link leads out of the archive: ${to}`)
  await symlink(to, target)
}

async function textOf(bytes: Readable, meter: Meter): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of bytes.pipe(meter.stream())) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

function leaves(directory: string, name: string): boolean {
  const path = resolve(directory, name)
  return path !== directory && !path.startsWith(directory + sep)
}

class Meter {
  #bytes = 0
  #entries = 0
  readonly #limits: UnpackLimits
  constructor(limits: UnpackLimits) {
    this.#limits = limits
  }

  get measured(): UnpackLimits {
    return { bytes: this.#bytes, entries: this.#entries }
  }

  entry(): void {
    if (++this.#entries > this.#limits.entries)
      throw new BrokenArchive(`the archive has more than ${this.#limits.entries} entries`)
  }

  stream(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#bytes += chunk.length
        if (this.#bytes > this.#limits.bytes)
          return done(new BrokenArchive(`the archive unpacks to more than ${this.#limits.bytes} bytes`))
        done(null, chunk)
      },
    })
  }
}
