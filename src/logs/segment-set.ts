/**
 * All segments of a directory as the reader knows them. Learns of a file by its name in a notice or an extent, or by
 * listing the directory at the start.
 */
import { existsSync } from 'node:fs'
import { readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { FileHandles } from './file-handles.ts'
import type { FrameKey } from './frame.ts'
import { Segment } from './segment.ts'
import { isSegmentName, RESERVE_SUFFIX, SEGMENT_SUFFIX } from './segment-names.ts'

const OWNED = /-(\d+|o\d+-\d+)$/

export class SegmentSet implements Iterable<Segment> {
  readonly handles = new FileHandles()
  readonly #directory: string
  readonly #segments = new Map<string, Segment>()

  constructor(directory: string) {
    this.#directory = directory
  }

  [Symbol.iterator](): Iterator<Segment> {
    return this.#segments.values()
  }

  get(name: string): Segment | undefined {
    return this.#segments.get(name)
  }

  /** The segment of that name, learned of if need be; undefined when there is no such file. */
  find(name: string): Segment | undefined {
    const known = this.#segments.get(name)
    if (known || !isSegmentName(name) || !existsSync(this.#pathOf(name))) return known
    const segment = new Segment(this.#directory, name, this.handles)
    this.#segments.set(name, segment)
    segment.adopt()
    return segment
  }

  /** Reads the directory: indexes first, files only where an index lacks. */
  async load(): Promise<void> {
    const files = await readdir(this.#directory)
    for (const file of files) {
      if (file.endsWith('.new') || file.endsWith('.next')) await unlink(join(this.#directory, file))
      else if (file.endsWith(SEGMENT_SUFFIX)) await this.#loadOne(file.slice(0, -SEGMENT_SUFFIX.length))
    }
  }

  /** Segments of one writer, with those that were not heard of yet. */
  async ofWriter(writerId: string): Promise<Segment[]> {
    const names = (await readdir(this.#directory))
      .filter((file) => file.endsWith(SEGMENT_SUFFIX))
      .map((file) => file.slice(0, -SEGMENT_SUFFIX.length))
      .filter((name) => name.startsWith(writerId) && OWNED.exec(name.slice(writerId.length))?.index === 0)
    return names.flatMap((name) => this.find(name) ?? [])
  }

  /** What a dead writer kept back against a full disk. */
  async removeReserve(writerId: string): Promise<void> {
    await unlink(join(this.#directory, writerId + RESERVE_SUFFIX)).catch(() => undefined)
  }

  notes(): Segment[] {
    return [...this].filter((segment) => segment.isNotes)
  }

  /** Segments of writers in which the attempt has frames. */
  holding(key: FrameKey): Segment[] {
    return [...this].filter((segment) => !segment.isNotes && segment.entriesOf(key).length > 0)
  }

  async remove(segment: Segment): Promise<void> {
    this.#segments.delete(segment.name)
    await segment.remove()
  }

  forgetName(segment: Segment): void {
    this.#segments.delete(segment.name)
  }

  async #loadOne(name: string): Promise<void> {
    const segment = this.find(name)
    if (!segment || segment.indexed) return
    await segment.scan()
    await segment.saveIndex()
  }

  #pathOf(name: string): string {
    return join(this.#directory, name + SEGMENT_SUFFIX)
  }
}
