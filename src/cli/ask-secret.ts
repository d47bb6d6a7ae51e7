import { text } from 'node:stream/consumers'
import { Failure, usage } from './failure.ts'

const ENTER = new Set(['\r', '\n', '\u0004'])
const BACKSPACE = new Set(['\u007f', '\b'])
const INTERRUPT = '\u0003'

/** All of stdin without its last line end; on a terminal what is typed, unseen, up to Enter. */
export async function askSecret(prompt: string): Promise<string> {
  const value = process.stdin.isTTY ? await typed(prompt) : (await text(process.stdin)).replace(/\r?\n$/, '')
  if (value === '') throw usage('the value is empty', 'type it, or give it on stdin: taskport secret set NAME < FILE')
  return value
}

async function typed(prompt: string): Promise<string> {
  process.stderr.write(prompt)
  process.stdin.setRawMode(true)
  process.stdin.setEncoding('utf8')
  let value = ''
  try {
    for await (const chunk of process.stdin as AsyncIterable<string>)
      for (const character of chunk) {
        if (ENTER.has(character)) return value
        if (character === INTERRUPT) throw new Failure('interrupted; nothing was set', undefined, 130)
        value = BACKSPACE.has(character) ? value.slice(0, -1) : value + character
      }
    return value
  } finally {
    process.stdin.setRawMode(false)
    process.stdin.pause()
    process.stderr.write('\n')
  }
}
