/**
 * Headless Chromium, told what to do over its DevTools protocol: one page, scripts run in it. Undefined where it is not
 * installed. It reaches nothing by itself: every service that would ask somebody is turned off.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './taskport-process.ts'

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-component-update'],
  ...['--disable-background-networking', '--disable-sync', '--disable-dev-shm-usage', '--mute-audio'],
  ...['--autoplay-policy=no-user-gesture-required', '--remote-debugging-port=0'],
]

export interface Browser {
  /** Opens this address, runs the script there, and resolves with what its promise gave. */
  run(address: string, script: string): Promise<unknown>
  close(): Promise<void>
}

export async function openBrowser(program = 'chromium'): Promise<Browser> {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-browser-'))
  const child = spawn(program, [...FLAGS, `--user-data-dir=${directory}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const endpoint = await new Promise<string>((resolve, reject) => {
    let log = ''
    child.on('error', reject)
    child.on('close', () => reject(new Error(`the browser ended: ${log}`)))
    child.stderr.on('data', (part: Buffer) => {
      log += String(part)
      const found = /ws:\/\/[^/]+/.exec(log)?.[0]
      if (found) resolve(found.replace('ws:', 'http:'))
    })
  })
  return {
    run: async (address, script) => {
      const opened = await fetch(`${endpoint}/json/new?${encodeURI(address)}`, { method: 'PUT' })
      const { webSocketDebuggerUrl } = (await opened.json()) as { readonly webSocketDebuggerUrl: string }
      // A new page is an empty one first, and that is complete.
      const place = () => evaluated(webSocketDebuggerUrl, 'return location.href').catch(() => undefined)
      await eventually(`the browser is at ${address}`, async () => (await place()) === address)
      return evaluated(webSocketDebuggerUrl, script)
    },
    async close() {
      child.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

interface Evaluated {
  readonly id?: number
  readonly result?: { readonly result?: { readonly value?: unknown }; readonly exceptionDetails?: unknown }
}

/** Waits for the page, then for the script's promise. */
function evaluated(address: string, script: string): Promise<unknown> {
  const expression = `new Promise((ready) => document.readyState === 'complete' ? ready() : addEventListener('load', ready)).then(async () => { ${script} })`
  const params = { expression, awaitPromise: true, returnByValue: true }
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address)
    socket.onerror = () => reject(new Error('the browser cannot be reached'))
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }))
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as Evaluated
      if (id !== 1) return
      socket.close()
      if (result?.exceptionDetails) reject(new Error(JSON.stringify(result.exceptionDetails)))
      else resolve(result?.result?.value)
    }
  })
}
