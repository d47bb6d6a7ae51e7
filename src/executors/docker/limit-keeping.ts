import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isSameProcess, type ProcessIdentity } from '../process-identity.ts'

const PROGRAM = fileURLToPath(new URL('./limit-keeper-main.ts', import.meta.url))
/** Between two looks at whether the keeper lives, ms. */
const LOOK_MS = 5_000

/** Sees to it that a limit keeper lives while something with a limit runs. */
export class LimitKeeping {
  readonly #arguments: readonly string[]
  readonly #identityFile: string
  #lookedAt = 0
  #child: ChildProcess | undefined

  constructor(address: string, instance: string, directory: string) {
    this.#arguments = [address, instance, directory]
    this.#identityFile = join(directory, 'limit-keeper')
  }

  ensure(): void {
    const now = Date.now()
    if (now - this.#lookedAt < LOOK_MS) return
    this.#lookedAt = now
    if (this.#living() !== undefined) return
    const flags = ['--max-old-space-size=64', '--disable-warning=ExperimentalWarning']
    const child = spawn(process.execPath, [...flags, PROGRAM, ...this.#arguments], { detached: true, stdio: 'ignore' })
    child.on('error', () => undefined)
    child.unref()
    this.#child = child
  }

  end(): void {
    const keeper = this.#living()
    if (keeper !== undefined) process.kill(keeper.pid, 'SIGKILL')
    // One that has only just been started has not said yet who it is.
    this.#child?.kill('SIGKILL')
    rmSync(this.#identityFile, { force: true })
  }

  #living(): ProcessIdentity | undefined {
    try {
      const identity = JSON.parse(readFileSync(this.#identityFile, 'utf8')) as ProcessIdentity
      return isSameProcess(identity) ? identity : undefined
    } catch {
      return undefined
    }
  }
}
