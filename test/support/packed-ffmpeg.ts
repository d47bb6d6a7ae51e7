/** The npm packages that carry ffmpeg and ffprobe, installed into a directory of their own: some 50 MB to fetch. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFfmpeg, type MediaCommands } from '../../src/media/find-ffmpeg.ts'

/** Whether media tests are to run with them; `TASKPORT_TEST_PACKED_FFMPEG=1 npm run test:only -- src/media`. */
export const wantsPackedFfmpeg = process.env.TASKPORT_TEST_PACKED_FFMPEG === '1'

export interface PackedFfmpeg {
  /** What a program beside which they were installed finds, with nothing in PATH. */
  readonly found: MediaCommands
  /** For `NODE_PATH`. */
  readonly modules: string
  remove(): void
}

export function installPackedFfmpeg(): PackedFfmpeg {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-packed-ffmpeg-'))
  const packages = ['@ffmpeg-installer/ffmpeg@1.1.0', '@ffprobe-installer/ffprobe@2.1.2']
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel', 'error', '--prefix', directory, ...packages])
  return {
    found: findFfmpeg(undefined, { path: '', from: join(directory, 'beside.js') }),
    modules: join(directory, 'node_modules'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
