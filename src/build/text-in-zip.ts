import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { type Entry, fromFd, type ZipFile } from 'yauzl'

/**
 * The text of one small file in a zip. Undefined when the zip has no such file, a larger one than `limitBytes`, or cannot be
 * read: unpacking it says what is wrong.
 */
export async function textInZip(path: string, name: string, limitBytes: number): Promise<string | undefined> {
  const file = await open(path, 'r')
  try {
    const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true } as const
    const zip = await promisify<number, typeof options, ZipFile>(fromFd)(file.fd, options)
    const entry = await entryCalled(zip, name)
    if (!entry || entry.uncompressedSize > limitBytes) return undefined
    const bytes = await promisify<Entry, Readable>(zip.openReadStream.bind(zip) as never)(entry)
    return Buffer.concat(await bytes.toArray()).toString('utf8')
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}

function entryCalled(zip: ZipFile, name: string): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    zip.on('error', reject)
    zip.on('end', () => resolve(undefined))
    zip.on('entry', (entry: Entry) => {
      if (entry.fileName === name) resolve(entry)
      else zip.readEntry()
    })
    zip.readEntry()
  })
}
