/**
 * Builds one source tree: the program of a build step. It unpacks an archive into the application directory, installs
 * what the configuration depends on, runs the build hook there and makes the places for mounts. Its specification lies
 * in a file whose path is its first argument; its environment is the hook's.
 *
 * B1. A directory whose build ended well is marked in the state directory and never built or changed again.
 * B2. A build that failed or was killed leaves no mark: the next one begins with an empty directory.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installDependencies } from './tree-dependencies.ts'
import { finish, runShell, say, spawnHere } from './tree-process.ts'
import { checkToolchain } from './tree-toolchain.ts'

export interface TreeBuild {
  /** Path of the archive, gzip or plain tar. */
  readonly archive: string
  /** Where the tree goes. */
  readonly directory: string
  /** Holds the mark. */
  readonly state: string
  /** Directory of the archive that becomes the application, `/` for all of it. */
  readonly sourceRoot: string
  readonly hook: string | null
  readonly dependencies: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** `python:3.13` */
  readonly type: string
  /** A toolchain of another version fails the build. */
  readonly isStrict: boolean
  /** The rest is done in the type's image (tree-image.ts): only unpack. */
  readonly isForImage: boolean
  /** Paths below `directory` that must exist, to be mounted on. */
  readonly mountPoints: readonly string[]
}

const spec = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as TreeBuild
const mark = join(spec.state, 'built')

function build(): void {
  empty(spec.directory)
  unpack()
  if (spec.isForImage) return say(`Building in the image for ${spec.type}`)
  checkToolchain(spec.type, spec.isStrict)
  installDependencies(spec.dependencies, spec.directory)
  if (spec.hook !== null && spec.hook.trim() !== '') {
    say('Executing build hook...')
    const code = runShell(spec.hook, spec.directory)
    if (code !== 0) finish(code, `The build hook failed with exit code ${code}`)
  }
  for (const path of spec.mountPoints) mkdirSync(join(spec.directory, path), { recursive: true })
  writeFileSync(mark, `${spec.type}\n`)
  say('Build succeeded')
}

function unpack(): void {
  const root = spec.sourceRoot.replaceAll(/^\/+|\/+$/g, '')
  const depth = root === '' ? 0 : root.split('/').length
  const staging = join(spec.state, 'unpacked')
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging)
  const unpacked = spawnHere('tar', ['-xf', spec.archive, '-C', staging, '--no-same-owner', '--exclude=./.git'])
  if (unpacked !== 0) finish(1, `tar could not unpack the tree (exit code ${unpacked})`)
  const from = join(staging, root)
  const copied = spawnHere('cp', ['-a', `${from}/.`, `${spec.directory}/`])
  if (copied !== 0)
    finish(1, depth === 0 ? 'the tree could not be copied' : `source.root: there is no directory ${root} in the tree`)
  rmSync(staging, { recursive: true, force: true })
}

function empty(directory: string): void {
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true })
}

if (readdirSync(spec.state).includes('built'))
  say('Reusing the existing build: tree, configuration and build variables are unchanged')
else build()
