import { closeSync, openSync, read } from 'node:fs'

interface Handle {
  readonly fd: number
  users: number
  dropped: boolean
}

/**
 * Open files for reading, the least recently used closed beyond a limit. A handle in use outlives `drop`: a reader in
 * the middle goes on with the file it opened, though its name is gone or taken by another.
 */
export class FileHandles {
  readonly #limit: number
  readonly #handles = new Map<string, Handle>()

  constructor(limit = 128) {
    this.#limit = limit
  }

  withSync<T>(path: string, use: (fd: number) => T): T {
    const handle = this.#acquire(path)
    try {
      return use(handle.fd)
    } finally {
      this.#release(handle)
    }
  }

  /** Opens at once; the bytes come later. Fewer than asked for at the end of the file. */
  async read(path: string, offset: number, bytes: number): Promise<Buffer> {
    const handle = this.#acquire(path)
    try {
      return await readAt(handle.fd, offset, bytes)
    } finally {
      this.#release(handle)
    }
  }

  /** The name means another file from now on. */
  drop(path: string): void {
    const handle = this.#handles.get(path)
    if (!handle) return
    this.#handles.delete(path)
    handle.dropped = true
    if (handle.users === 0) closeSync(handle.fd)
  }

  close(): void {
    for (const path of [...this.#handles.keys()]) this.drop(path)
  }

  #acquire(path: string): Handle {
    const handle = this.#handles.get(path) ?? { fd: openSync(path, 'r'), users: 0, dropped: false }
    this.#handles.delete(path)
    this.#handles.set(path, handle)
    handle.users++
    if (this.#handles.size > this.#limit) this.#shrink()
    return handle
  }

  #release(handle: Handle): void {
    handle.users--
    if (handle.dropped && handle.users === 0) closeSync(handle.fd)
  }

  #shrink(): void {
    for (const [path, handle] of this.#handles) {
      if (handle.users > 0) continue
      this.drop(path)
      return
    }
  }
}

function readAt(fd: number, offset: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(bytes)
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, bytes, offset, (error, count) =>
      error ? reject(error) : resolve(count < bytes ? buffer.subarray(0, count) : buffer),
    )
  })
}
