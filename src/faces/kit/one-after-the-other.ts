import { inTurn, type Turns } from '../../core/turns.ts'

const turns: Turns = new Map()

/** Work under one key never overlaps. Keys begin with the name of their face. */
export const oneAfterTheOther = <T>(key: string, work: () => Promise<T>): Promise<T> => inTurn(turns, key, work)
