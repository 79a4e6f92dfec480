/** One event of a `text/event-stream`. */
export interface ServerEvent {
  id: string | null
  event: string
  data: string
}

/** Reads server-sent events from text as it arrives, in whatever pieces. */
export class EventReader {
  private rest = ''

  /** The events that are complete with this piece. */
  read(piece: string): ServerEvent[] {
    const blocks = (this.rest + piece).split('\n\n')
    this.rest = blocks.pop() ?? ''
    return blocks.map(eventOf).filter(event => event !== null)
  }
}

function eventOf(block: string): ServerEvent | null {
  let id: string | null = null
  let event = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? []
    if (name === 'id') id = value ?? ''
    else if (name === 'event') event = value ?? ''
    else if (name === 'data') data.push(value ?? '')
  }
  // An id alone is a place to go on from; a comment shows that the connection lives.
  return id === null && data.length === 0 ? null : { id, event, data: data.join('\n') }
}
