import { readdirSync, readFileSync } from 'node:fs'

/**
 * What a process that does not answer does: its CPU time, and where each of its threads waits. Much CPU time means a busy
 * machine or much work, none a hang.
 */
export function describeStuck(pid: number): string {
  const threads = names(`/proc/${pid}/task`).map((thread) => {
    const where = `/proc/${pid}/task/${thread}`
    const fields = text(`${where}/stat`).split(') ').at(-1)!.split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    return `${text(`${where}/comm`).trim()} ${fields[0]}, ${ticks * 10} ms of CPU, in ${text(`${where}/wchan`) || 'user code'}`
  })
  const load = text('/proc/loadavg').trim()
  return `process ${pid}${threads.length === 0 ? ' is gone' : `:\n  ${threads.join('\n  ')}`}\nload of the machine: ${load}`
}

function names(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
