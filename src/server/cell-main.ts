/** The entry of a cell's process: a configuration file by its path, a real log writer, then the loop. Exports nothing. */
import { mkdirSync, readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { runCell } from '../executors/process/cell/cell.ts'
import type { CellConfig } from '../executors/process/protocol.ts'
import { SegmentWriter } from '../logs/segment-writer.ts'

const config = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as CellConfig
const { directory } = config.logs as { readonly directory: string }
mkdirSync(directory, { recursive: true, mode: 0o700 })
// What was compiled is kept for the next cell now: this one lives long, and may end by SIGKILL.
flushCompileCache()
runCell(config, new SegmentWriter({ directory, writerId: config.cell }))
