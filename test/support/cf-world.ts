/** A real server and Cloud Foundry's first user on it, for journeys; and small archives to push. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CfClient } from './cf-client.ts'
import { TaskportProcess } from './taskport-process.ts'

export interface CfWorld {
  readonly taskport: TaskportProcess
  readonly admin: CfClient
  readonly url: string
  readonly username: string
  readonly password: string
  /** A user with these roles in the only org and space, logged in. */
  user(name: string, roles: readonly string[]): Promise<CfClient>
  close(): Promise<void>
}

export async function openCfWorld(args: readonly string[] = []): Promise<CfWorld> {
  const taskport = new TaskportProcess()
  await taskport.up(args)
  const environment = await taskport.json<Record<string, string>>(['env'])
  const [url, username, password] = [environment.CF_API!, environment.CF_USERNAME!, environment.CF_PASSWORD!]
  const admin = new CfClient(url)
  await admin.login(username, password)
  return {
    taskport,
    admin,
    url,
    username,
    password,
    user: (name, roles) => newUser(admin, name, roles),
    close: () => taskport.end(),
  }
}

/** `cf create-user`, `cf set-org-role`, `cf set-space-role`. */
async function newUser(admin: CfClient, name: string, roles: readonly string[]): Promise<CfClient> {
  const { id } = await admin.must('POST', '/Users', { userName: name, password: 'secret', emails: [{ value: name }] })
  await admin.must('POST', '/v3/users', { guid: id })
  for (const type of ['organization_user', ...roles.filter((role) => role !== 'organization_user')]) {
    const where = type.startsWith('space_')
      ? { space: { data: { guid: admin.space } } }
      : { organization: { data: { guid: admin.org } } }
    const user = { data: { username: name, origin: 'uaa' } }
    await admin.must('POST', '/v3/roles', { type, relationships: { user, ...where } })
  }
  const client = new CfClient(admin.base)
  await client.login(name, 'secret')
  client.org = admin.org
  client.space = admin.space
  return client
}

type Files = Readonly<Record<string, string>>

/** A droplet archive: `app/` with these files. */
export function dropletOf(files: Files): Buffer {
  const all = Object.fromEntries(Object.entries(files).map(([name, text]) => [`app/${name}`, text]))
  return packed({ ...all, 'staging_info.yml': '{}' }, (from, to) =>
    execFileSync('tar', ['-czf', to, '-C', from, 'app', 'staging_info.yml']),
  )
}

/** App bits as the CLI zips them. */
export const zipOf = (files: Files): Buffer =>
  packed(files, (from, to) =>
    execFileSync('python3', [
      '-c',
      'import shutil,sys; shutil.make_archive(sys.argv[2], "zip", sys.argv[1])',
      from,
      to.replace(/\.zip$/, ''),
    ]),
  )

/** A zip with one entry of any name. */
export const zipWithEntry = (name: string, text: string): Buffer =>
  packed({}, (_from, to) =>
    execFileSync('python3', [
      '-c',
      'import sys,zipfile; zipfile.ZipFile(sys.argv[1],"w").writestr(sys.argv[2],sys.argv[3])',
      to,
      name,
      text,
    ]),
  )

function packed(files: Files, pack: (from: string, to: string) => void): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-cf-'))
  try {
    const from = join(directory, 'from')
    mkdirSync(from)
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(from, name)), { recursive: true })
      writeFileSync(join(from, name), text)
    }
    const to = join(directory, 'archive.zip')
    pack(from, to)
    return readFileSync(to)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
