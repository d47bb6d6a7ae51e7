import type { AttemptId } from '../../core/identity.ts'
import { type Outputs, parseOutputs } from '../parse-outputs.ts'
import type { ContainerEngine } from './container-engine.ts'
import { outputsPathOf } from './environment.ts'
import { readUpTo } from './read-up-to.ts'
import { readFirstFile } from './tar.ts'

const MAX_FILE_BYTES = 1024 * 1024
/** Header and padding of an archive of one file. */
const SLACK_BYTES = 16 * 1024

/** What a program left in its outputs file, copied out of its container after the end. */
export async function downloadOutputs(engine: ContainerEngine, name: string, attempt: AttemptId): Promise<Outputs> {
  const stream = await engine.download(name, outputsPathOf(attempt))
  if (stream === undefined) return {}
  const archive = await readUpTo(stream, MAX_FILE_BYTES + SLACK_BYTES)
  if (archive === undefined) return { outputsProblem: `the outputs file is longer than ${MAX_FILE_BYTES} bytes` }
  const file = readFirstFile(archive)
  if (file === undefined) return { outputsProblem: 'the outputs file is not a regular file' }
  return parse(file)
}

function parse(file: Buffer): Outputs {
  try {
    return parseOutputs(new TextDecoder('utf-8', { fatal: true }).decode(file))
  } catch {
    return { outputsProblem: 'the outputs file is not UTF-8' }
  }
}
