/** A registry of one npm package, on loopback: what `npm install` needs of one. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class NpmRegistry {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** Offers `name` 1.0.0, whose program of the same name is this script. */
  static async open(name: string, script: string): Promise<NpmRegistry> {
    const bin = { [name]: './program' }
    const tarball = packed({ 'package.json': JSON.stringify({ name, version: '1.0.0', bin }), program: script })
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const server = createServer((request, response) => {
      if (request.url?.endsWith('.tgz')) return void response.end(tarball)
      if (request.url !== `/${name}`) return void response.writeHead(404).end('{}')
      const dist = { tarball: `http://${request.headers.host}/${name}.tgz`, integrity }
      const versions = { '1.0.0': { name, version: '1.0.0', bin, dist } }
      response.end(JSON.stringify({ name, 'dist-tags': { latest: '1.0.0' }, versions }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new NpmRegistry(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

function packed(files: Readonly<Record<string, string>>): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'npm-registry-'))
  try {
    mkdirSync(join(directory, 'package'))
    for (const [path, text] of Object.entries(files))
      writeFileSync(join(directory, 'package', path), text, { mode: 0o755 })
    execFileSync('tar', ['-czf', join(directory, 'package.tgz'), '-C', directory, 'package'])
    return readFileSync(join(directory, 'package.tgz'))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
