/** Adds and pins a file, and what describes it, at the IPFS node of the operator (Kubo's RPC API); says under which CIDs. */
import { openAsBlob } from 'node:fs'
import { MediaError } from '../failure.ts'
import type { PinJob } from '../job.ts'
import { publishOutput, runProgram } from '../program.ts'

await runProgram<PinJob>(async (job) => {
  const whole = job.file === undefined ? jsonBlob(job.content ?? {}) : await openAsBlob(job.file)
  const cid = await added(job.api, whole, job.file === undefined ? 'data.json' : 'video')
  const described = job.metadata && {
    ...job.metadata,
    properties: { ...(job.metadata.properties as object | undefined), video: `ipfs://${cid}` },
  }
  const metadata = described && { metadataCid: await added(job.api, jsonBlob(described), 'metadata.json') }
  publishOutput('pinned', { cid, ...metadata })
})

function jsonBlob(content: object): Blob {
  return new Blob([JSON.stringify(content)], { type: 'application/json' })
}

async function added(api: string, content: Blob, name: string): Promise<string> {
  const form = new FormData()
  form.append('file', content, name)
  const url = `${api.replace(/\/+$/, '')}/api/v0/add?cid-version=1&pin=true&progress=false`
  const answer = await fetch(url, { method: 'POST', body: form }).catch((error: unknown) => {
    throw new MediaError('storage', `the IPFS node cannot be reached: ${String(error)}`, error)
  })
  const text = await answer.text()
  if (!answer.ok)
    throw new MediaError(answer.status >= 500 ? 'storage' : 'exportRefused', `the IPFS node answered ${answer.status}`)
  const { Hash: cid } = JSON.parse(text.trim().split('\n').at(-1) ?? '{}') as { readonly Hash?: string }
  if (cid === undefined) throw new MediaError('storage', 'the IPFS node named no CID')
  return cid
}
