import type { Progress } from '../../core/execution.ts'
import { PROGRESS_TAIL_BYTES, parseProgress } from '../parse-progress.ts'
import type { ContainerEngine } from './container-engine.ts'
import type { ContainerRun } from './container-run.ts'
import { progressPathOf } from './environment.ts'
import { readUpTo } from './read-up-to.ts'
import { readFirstFile } from './tar.ts'

/** Between two looks, ms: seldom at a file that is not there or does not change. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 8_000
/** A longer file is not read: the engine gives it as a whole, each time. */
const LONGEST_BYTES = 256 * 1024

/** Follows the files that programs in containers write their progress to. */
export class ProgressWatch {
  readonly #engine: ContainerEngine
  readonly #life: AbortSignal
  readonly #tell: (run: ContainerRun, progress: Progress) => void

  constructor(engine: ContainerEngine, life: AbortSignal, tell: (run: ContainerRun, progress: Progress) => void) {
    this.#engine = engine
    this.#life = life
    this.#tell = tell
  }

  follow(run: ContainerRun, pauseMs = FIRST_PAUSE_MS, seen?: string): void {
    run.progressTimer = setTimeout(async () => {
      const version = await this.#look(run, seen).catch(() => seen)
      if (run.phase !== 'running' || this.#life.aborted) return
      this.follow(run, version === seen ? Math.min(2 * pauseMs, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS, version)
    }, pauseMs)
  }

  /** The version of the file that was read; whatever keeps it from an answer, the next look may have one. */
  async #look(run: ContainerRun, seen: string | undefined): Promise<string | undefined> {
    const path = progressPathOf(run.attempt)
    const version = await this.#engine.versionOf(run.name, path)
    if (version === undefined || version === seen) return seen
    const stream = await this.#engine.download(run.name, path)
    const archive = stream && (await readUpTo(stream, LONGEST_BYTES))
    const file = archive && readFirstFile(archive)
    const progress =
      file && parseProgress(file.toString('utf8', Math.max(0, file.length - PROGRESS_TAIL_BYTES)), Date.now())
    if (progress !== undefined && run.phase === 'running' && !this.#life.aborted) this.#tell(run, progress)
    return version
  }
}
