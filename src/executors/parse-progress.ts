import type { Progress } from '../core/execution.ts'

/** Of a progress file only the end is read, bytes. */
export const PROGRESS_TAIL_BYTES = 4_096
const MAX_MESSAGE = 500

/** The last line of a progress file that says anything: `42 message`, a percentage or a message alone. */
export function parseProgress(text: string, at: number): Progress | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const parts = /^\s*(?:(\d{1,3}(?:\.\d+)?)\s*%?(?=\s|$))?\s*(.*?)\s*$/.exec(lines.at(-1) ?? '')
  if (parts === null) return undefined
  const percent = parts[1] === undefined ? undefined : Math.min(100, Number(parts[1]))
  const message = parts[2] === '' ? undefined : parts[2]?.slice(0, MAX_MESSAGE)
  if (percent === undefined && message === undefined) return undefined
  return { at, ...(percent === undefined ? {} : { percent }), ...(message === undefined ? {} : { message }) }
}
