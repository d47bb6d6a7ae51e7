/**
 * Calls operations of the native API by name over real HTTP and holds every answer against the contract: a status that
 * the contract does not name, or a body that its schema refuses, fails the test that provoked it.
 */
import { Compile } from 'typebox/compile'
import type { Contract, OperationId } from '../../src/faces/native/contract/contract.ts'
import { BASE_PATH, contract } from '../../src/faces/native/contract/contract.ts'
import type { BodyOf, Operation } from '../../src/faces/native/contract/operation.ts'
import { Problem } from '../../src/faces/native/wire/problem.ts'

export interface Asked<Id extends OperationId> {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[]>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: BodyOf<Contract[Id]>
  readonly signal?: AbortSignal
}

export interface Got {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers whose shape was checked against the contract
  readonly body: any
  readonly text: string
}

export class NativeClient {
  readonly #url: string
  readonly #token: string | undefined
  constructor(url: string, token?: string) {
    this.#url = url
    this.#token = token
  }

  /** Throws when the answer is not as the contract says. */
  async call<Id extends OperationId>(id: Id, asked: Asked<Id> = {}): Promise<Got> {
    const response = await this.open(id, asked)
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    const body: unknown = isJson ? JSON.parse(text) : undefined
    checkAnswer(id, response.status, body, text)
    return { status: response.status, headers: response.headers, body, text }
  }

  /** The bare response, for streams. */
  open<Id extends OperationId>(id: Id, asked: Asked<Id> = {}): Promise<Response> {
    const operation: Operation = contract[id]
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(asked.params?.[name] ?? ''),
    )
    const query = new URLSearchParams(
      Object.entries(asked.query ?? {}).flatMap(([name, value]) =>
        [value].flat().map((one): [string, string] => [name, String(one)]),
      ),
    )
    return fetch(`${this.#url}${BASE_PATH}${path}${query.size > 0 ? `?${query}` : ''}`, {
      method: operation.method,
      headers: {
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(asked.body !== undefined && { 'content-type': 'application/json' }),
        ...asked.headers,
      },
      ...(asked.body !== undefined && { body: JSON.stringify(asked.body) }),
      ...(asked.signal && { signal: asked.signal }),
    })
  }
}

const problemCheck = Compile(Problem)

function checkAnswer(id: OperationId, status: number, body: unknown, text: string): void {
  if (status >= 500) throw new Error(`${id} answered ${status}: ${text}`)
  const answer = (contract[id] as Operation).answers[status]
  if (status >= 400) {
    if (!problemCheck.Check(body)) throw new Error(`${id} answered ${status} without a problem: ${text}`)
    return
  }
  if (!answer) throw new Error(`${id} answered ${status}, which its contract does not name`)
  if (body === undefined || !answer.schema) return
  const check = Compile(answer.schema)
  if (!check.Check(body)) throw new Error(`${id}: ${JSON.stringify(check.Errors(body).slice(0, 3))} in ${text}`)
}
