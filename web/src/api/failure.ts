/** One thing that is wrong with a request: where, as a JSON pointer into the body, and what. */
export interface Fault {
  pointer: string
  message: string
}

/** An answer that is no success, of any dialect. */
export class ApiFailure extends Error {
  constructor(
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    message: string,
    /** What is wrong with the request, where the server says so. */
    readonly faults: Fault[],
  ) {
    super(message)
    this.name = 'ApiFailure'
  }

  /** Somebody else changed the same thing in the meantime. */
  get isConflict() {
    return this.status === 412 || this.status === 409
  }

  /** What is wrong at a place of the body, if anything. */
  at(pointer: string): string | undefined {
    return this.faults.find(fault => fault.pointer === pointer)?.message
  }
}

/** What to tell a person of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Reads the errors of the Datadog dialect, of the native one (RFC 9457) and of Flagmint's. */
export async function failureOf(response: Response): Promise<ApiFailure> {
  const text = await response.text()
  let body: unknown = null
  try {
    body = JSON.parse(text)
  } catch {
    // A proxy on the way answers with whatever it likes.
  }
  const faults = faultsOf(body)
  const said = faults.map(fault => (fault.pointer === '' ? fault.message : `${fault.pointer}: ${fault.message}`))
  const message = said.join('\n') || member(body, 'detail') || member(body, 'message') || member(body, 'title')
  return new ApiFailure(response.status, message || `The server answered ${response.status}.`, faults)
}

function faultsOf(body: unknown): Fault[] {
  const errors = (body as { errors?: unknown } | null)?.errors
  if (!Array.isArray(errors)) return []
  return errors.map(error => {
    if (typeof error === 'string') return { pointer: '', message: error }
    const { source, pointer } = error as { source?: { pointer?: string }; pointer?: string }
    const message = member(error, 'detail') || member(error, 'message') || member(error, 'title') || ''
    return { pointer: source?.pointer ?? pointer ?? '', message }
  })
}

function member(body: unknown, name: string): string | undefined {
  const value = (body as Record<string, unknown> | null)?.[name]
  return typeof value === 'string' ? value : undefined
}
