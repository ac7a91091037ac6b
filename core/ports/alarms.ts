export interface AlarmState {
  readonly name: string;
  readonly state: "OK" | "ALARM" | "INSUFFICIENT_DATA";
  /** When it entered this state. */
  readonly sinceMs: number;
}

export interface Alarms {
  /** The states of all watched alarms. @throws Error when the state of one of them is not known. */
  states(): Promise<readonly AlarmState[]>;
}
