import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { identityOf, isSameProcess } from '../process-identity.ts'
import { spawn } from './cell/spawn.ts'
import { dupAbove, sys, WNOHANG } from './cell/syscalls.ts'
import { CellLink, type CellLinkEvents } from './cell-link.ts'
import type { CellConfig } from './protocol.ts'

/** What a new cell is told, less what is its own. */
export type CellSettings = Omit<CellConfig, 'cell' | 'directory'>

export interface FleetOptions {
  /** Holds one directory per cell. */
  readonly directory: string
  /** Program and arguments of a cell; the path of its configuration is appended. */
  readonly command: readonly string[]
  readonly settings: CellSettings
}

const START_MS = 15_000

/** Starts cells and finds those that are there. Knows nothing of attempts. */
export class CellFleet {
  readonly #options: FleetOptions
  readonly #children = new Set<number>()

  constructor(options: FleetOptions) {
    this.#options = options
    mkdirSync(options.directory, { recursive: true, mode: 0o700 })
  }

  /** Cells that answer, and the directories of those that died. */
  async find(
    events: CellLinkEvents,
  ): Promise<{ readonly live: readonly CellLink[]; readonly dead: readonly string[] }> {
    const live: CellLink[] = []
    const dead: string[] = []
    for (const name of readdirSync(this.#options.directory)) {
      const directory = join(this.#options.directory, name)
      if (name.endsWith('.dead')) dead.push(directory)
      else {
        const link = new CellLink(name, directory, events)
        if (await this.reach(link)) live.push(link)
        else dead.push(this.bury(link))
      }
    }
    return { live, dead }
  }

  /** Connects to a cell that should be there. False: it is dead, and stays so. */
  async reach(link: CellLink): Promise<boolean> {
    for (let waited = 0; ; waited += 20) {
      if (await link.open()) return true
      this.reap()
      const identity = identityOf(link.directory)
      if (identity === undefined || !isSameProcess(identity) || waited > START_MS) return false
      await delay(20)
    }
  }

  /** Moves a dead cell's directory aside, so that one which was only slow to start cannot go on. */
  bury(link: CellLink): string {
    const grave = `${link.directory}.dead`
    if (existsSync(link.directory)) renameSync(link.directory, grave)
    return grave
  }

  /** Starts a cell and connects to it. */
  async launch(events: CellLinkEvents): Promise<CellLink> {
    const cell = randomBytes(6).toString('hex')
    const directory = join(this.#options.directory, cell)
    mkdirSync(directory, { mode: 0o700 })
    const config: CellConfig = { ...this.#options.settings, cell, directory }
    writeFileSync(join(directory, 'config.json'), JSON.stringify(config), { mode: 0o600 })
    const pid = this.#spawn(directory)
    const link = new CellLink(cell, directory, events)
    for (let waited = 0; waited < START_MS; waited += 5) {
      if (await link.open()) return link
      this.reap()
      if (!this.#children.has(pid)) break
      await delay(5)
    }
    rmSync(directory, { recursive: true, force: true })
    throw new Error(`a cell did not start: ${this.#lastWords()}`)
  }

  /** Buries cells that were children of this process. Others are their own session's or init's. */
  reap(): void {
    for (const pid of this.#children)
      if (sys.wait4(pid, new Int32Array(1), WNOHANG, null) !== 0) this.#children.delete(pid)
  }

  /** What a cell that died at its start wrote. */
  #lastWords(): string {
    const path = join(this.#options.directory, '..', 'cell.log')
    const error = readFileSync(path, 'utf8')
      .match(/^\w*Error.*$/gm)
      ?.at(-1)
    return error === undefined ? `see ${path}` : `${error} (${path})`
  }

  #spawn(directory: string): number {
    const [program, ...rest] = this.#options.command
    const log = openSync(join(this.#options.directory, '..', 'cell.log'), 'a', 0o600)
    const input = openSync('/dev/null', 'r')
    const fds = [dupAbove(input, 16), dupAbove(log, 16)]
    const pid = spawn({
      path: program!,
      argv: [program!, ...rest, join(directory, 'config.json')],
      env: cellEnvironment(),
      directory: '/',
      fds: [fds[0]!, fds[1]!, fds[1]!],
    })
    for (const fd of [input, log]) closeSync(fd)
    for (const fd of fds) sys.close(fd)
    if (pid < 0) throw new Error(`a cell could not be started from ${program}: errno ${-pid}`)
    this.#children.add(pid)
    return pid
  }
}

/** All that a cell gets of the server's environment; and where compiled code is kept, which makes its start three times shorter. */
function cellEnvironment(): readonly string[] {
  const compiled = getCompileCacheDir()
  const names = ['PATH', 'HOME', 'LANG'].filter((name) => process.env[name])
  return [
    ...names.map((name) => `${name}=${process.env[name]}`),
    // Node names its own directory below the one it is given.
    ...(compiled === undefined ? [] : [`NODE_COMPILE_CACHE=${dirname(compiled)}`]),
  ]
}
