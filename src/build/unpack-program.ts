/**
 * A program: makes the tree that a droplet is, once, and says what it does. `unpack-program.ts <bits|droplet|tree> FROM PLACE
 * NAME` unpacks an archive, or copies another droplet's tree, into a hidden directory of PLACE and renames it to NAME as
 * its last act.
 *
 * D1. `PLACE/NAME` appears whole or not at all; a second run finds it and does nothing.
 * D2. The tree has `app/`; bits of an app become its `app/`, a droplet archive brings it.
 */
import { randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { chmod, cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BrokenArchive, unpackArchive } from './unpack-archive.ts'

const LIMITS = { bytes: 8 * 1024 ** 3, entries: 1_000_000 }

async function main([form, from, place, name]: readonly string[]): Promise<void> {
  if (form === undefined || from === undefined || place === undefined || name === undefined)
    throw new Error('usage: unpack-program.ts <bits|droplet|tree> FROM PLACE NAME')
  const target = join(place, name)
  if (existsSync(target)) return
  const half = join(place, `.${name}.${randomBytes(4).toString('hex')}`)
  try {
    await mkdir(join(half, 'app'), { recursive: true })
    await (form === 'tree' ? copyTree(from, half) : unpack(form, from, half))
    await rename(half, target)
  } catch (error) {
    await rm(half, { recursive: true, force: true })
    if (!existsSync(target)) throw error
  }
}

async function unpack(form: string, archive: string, half: string): Promise<void> {
  process.stdout.write(
    `Unpacking ${form === 'bits' ? 'the app' : 'the droplet'} (${(await stat(archive)).size} bytes)\n`,
  )
  const made = await unpackArchive(archive, form === 'bits' ? join(half, 'app') : half, LIMITS)
  if ((await readdir(join(half, 'app'))).length === 0) throw new BrokenArchive('the archive has no app in it')
  await openUp(half)
  process.stdout.write(`The droplet has ${made.entries} entries, ${made.bytes} bytes\n`)
}

/** Sharing blocks with the other where the file system can. */
const copyTree = (from: string, half: string): Promise<void> =>
  cp(from, half, {
    recursive: true,
    verbatimSymlinks: true,
    preserveTimestamps: true,
    mode: constants.COPYFILE_FICLONE,
  })

/** Tasks run as another user: what the archive's owner may read, they may. */
async function openUp(directory: string): Promise<void> {
  await chmod(directory, 0o755)
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await openUp(path)
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755)
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof BrokenArchive ? 223 : 1
})
