import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface GitServer {
  /** Of the one repository, at 127.0.0.1. */
  readonly url: string
  readonly port: number
  close(): void
}

/**
 * A repository of one commit over HTTP, as git calls it "dumb": files, nothing else. It listens on every loopback
 * address; what lies below `/away` sends everybody on to 127.0.0.2.
 */
export async function openGitServer(files: Readonly<Record<string, string>>): Promise<GitServer> {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-git-'))
  makeRepository(directory, files)
  const server = createServer((request, reply) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    if (pathname.startsWith('/away/'))
      return void reply.writeHead(302, { location: `http://127.0.0.2:${port}${request.url?.slice(5)}` }).end()
    const path = join(directory, pathname)
    if (!existsSync(path) || !statSync(path).isFile()) return void reply.writeHead(404).end()
    reply.end(readFileSync(path))
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/app.git`,
    port,
    close() {
      server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function makeRepository(directory: string, files: Readonly<Record<string, string>>): void {
  const work = join(directory, 'work')
  const git = (cwd: string, ...args: string[]): void => void execFileSync('git', args, { cwd })
  mkdirSync(work)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(work, path)), { recursive: true })
    writeFileSync(join(work, path), text)
  }
  git(work, 'init', '-q', '-b', 'main')
  git(work, 'add', '.')
  git(work, '-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-q', '--allow-empty', '-m', 'first')
  git(directory, 'clone', '-q', '--bare', 'work', 'app.git')
  git(join(directory, 'app.git'), 'update-server-info')
}
