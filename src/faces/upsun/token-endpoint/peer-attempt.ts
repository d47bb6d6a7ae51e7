/**
 * Who is at the other end of a loopback connection: the socket's owner is found in /proc by its inode, and its ancestors
 * up to the outermost that carries an attempt's id. That one is the sandbox's own process, outside of the task's reach;
 * what a program inside calls itself in its environment never gets that far.
 */
import { readdir, readFile, readlink } from 'node:fs/promises'

/** The attempt's id; undefined when the peer is none of ours. */
export async function attemptOfPeer(peerPort: number, ownPort: number): Promise<string | undefined> {
  const inode = await inodeOf(peerPort, ownPort)
  const pid = inode === undefined ? undefined : await pidOfSocket(inode)
  return pid === undefined ? undefined : outermostAttempt(pid)
}

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')
const LOOPBACK = '0100007F'

/** proc(5), /proc/net/tcp: local and remote address, state, …, inode in the tenth column. */
async function inodeOf(peerPort: number, ownPort: number): Promise<string | undefined> {
  const table = await readFile('/proc/net/tcp', 'utf8').catch(() => '')
  const [local, remote] = [`${LOOPBACK}:${hexPort(peerPort)}`, `${LOOPBACK}:${hexPort(ownPort)}`]
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/)
    if (columns[1] === local && columns[2] === remote) return columns[9]
  }
  return undefined
}

async function pidOfSocket(inode: string): Promise<number | undefined> {
  const wanted = `socket:[${inode}]`
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).reverse()
  for (const pid of pids) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const fd of descriptors)
      if ((await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')) === wanted) return Number(pid)
  }
  return undefined
}

async function outermostAttempt(pid: number): Promise<string | undefined> {
  let found: string | undefined
  for (let at = pid; at > 1; ) {
    const environment = await readFile(`/proc/${at}/environ`, 'utf8').catch(() => '')
    found = /(?:^|\0)TASKPORT_ATTEMPT=([^\0]+)/.exec(environment)?.[1] ?? found
    const stat = await readFile(`/proc/${at}/stat`, 'utf8').catch(() => '')
    // The name in brackets may hold spaces; the parent's id is the second field behind it.
    at = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
  }
  return found
}
