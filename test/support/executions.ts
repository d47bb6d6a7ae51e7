/** What journeys do all the time: submit, wait, look, read the log. Every answer is held against the contract. */

import type { Contract } from '../../src/faces/native/contract/contract.ts'
import type { BodyOf } from '../../src/faces/native/contract/operation.ts'
import type { Execution } from '../../src/faces/native/wire/execution.ts'
import type { NativeClient } from './native-client.ts'
import { eventually } from './taskport-process.ts'

export type Wish = BodyOf<Contract['submitExecution']>

export class Executions {
  readonly api: () => NativeClient

  /** `api` is asked anew each time: the server's address changes when it starts again. */
  constructor(api: () => NativeClient) {
    this.api = api
  }

  /** Resolves with the id of what was accepted. */
  async submit(body: Wish, headers: Record<string, string> = {}): Promise<string> {
    const { status, body: execution, text } = await this.api().call('submitExecution', { body, headers })
    if (status >= 300) throw new Error(`not accepted: ${text}`)
    return execution.id
  }

  async get(id: string): Promise<Execution> {
    return (await this.api().call('getExecution', { params: { id } })).body
  }

  /** As it is once it is final. */
  async final(id: string, timeout = '20s'): Promise<Execution> {
    const { status, body } = await this.api().call('waitExecution', { params: { id }, query: { timeout } })
    if (status !== 200) throw new Error(`not final in ${timeout}: ${JSON.stringify(body)}`)
    return body
  }

  async run(body: Wish): Promise<Execution> {
    return this.final(await this.submit(body))
  }

  /** As it is once `test` holds. */
  until(id: string, what: string, test: (execution: Execution) => boolean): Promise<Execution> {
    return eventually(`${id} is ${what}`, async () => {
      const execution = await this.get(id)
      return test(execution) ? execution : undefined
    })
  }

  untilState(id: string, state: Execution['state']): Promise<Execution> {
    return this.until(id, state, (execution) => execution.state === state)
  }

  async stop(id: string): Promise<Execution> {
    return (await this.api().call('stopExecution', { params: { id } })).body
  }

  async log(id: string, step?: string): Promise<string> {
    const query = { format: 'text' as const, ...(step !== undefined && { step }) }
    return (await this.api().call('getLog', { params: { id }, query })).text
  }
}

export const shell = (script: string): string[] => ['/bin/sh', '-c', script]
