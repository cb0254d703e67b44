/** A sender takes the owner's outbox, or renews its taking. */
export interface Sending {
  readonly type: 'sending'
  readonly owner: string
  readonly sender: string
}

/** The server settled everything up to `through`. An absent `through`: the sender only gives the outbox back. */
export interface Acked {
  readonly type: 'acked'
  readonly owner: string
  readonly sender: string
  readonly through?: number | undefined
  /** The id the server has at `through`, where no ack is left to tell it: that number was sent as lost. */
  readonly id?: string | undefined
  /** The event ids of the acks settled, in their order: a watcher learns of them after their rows are gone. */
  readonly ids?: readonly string[] | undefined
  readonly rejected?: readonly RejectedAck[] | undefined
}

export interface RejectedAck {
  readonly sequence: number
  readonly code: string
  readonly message: string
}

/** A lone ack refused again and again is kept as rejected; its number is sent as lost. */
export interface SetAside extends RejectedAck {
  readonly type: 'set-aside'
  readonly owner: string
  /** The job. */
  readonly id: string
}

/** The outbox's numbers were used by somebody else too: a new one, in which what is unsettled counts from 1. */
export interface Forked {
  readonly type: 'forked'
  readonly owner: string
  readonly outbox: string
}
