import { readFileSync } from 'node:fs'
import { type Reason, reason } from '../../../core/reason.ts'

export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}

/** The user that `text` (`name`, `uid` or `uid:gid`) means on this host. Numbers need no entry in passwd. */
export function findUser(text: string): { readonly user: User } | { readonly refusal: Reason } {
  const numeric = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text)
  const entries = passwd()
  const entry = numeric ? entries.find((e) => e.uid === Number(numeric[1])) : entries.find((e) => e.name === text)
  if (entry === undefined && numeric === null)
    return { refusal: reason('user_missing', `there is no user ${text} on this machine`, { user: text }) }
  const uid = entry?.uid ?? Number(numeric![1])
  const gid = numeric?.[2] === undefined ? (entry?.gid ?? uid) : Number(numeric[2])
  const name = entry?.name ?? String(uid)
  return { user: { name, uid, gid, groups: numeric?.[2] === undefined ? groupsOf(name, gid) : [gid] } }
}

interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const linesOf = (path: string): string[][] => {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
  } catch {
    return []
  }
}

const passwd = (): PasswdEntry[] =>
  linesOf('/etc/passwd').flatMap(([name, , uid, gid]) =>
    name && uid !== undefined ? [{ name, uid: Number(uid), gid: Number(gid) }] : [],
  )

function groupsOf(name: string, gid: number): number[] {
  const more = linesOf('/etc/group').flatMap(([, , id, members]) =>
    (members ?? '').split(',').includes(name) ? [Number(id)] : [],
  )
  return [...new Set([gid, ...more])]
}
