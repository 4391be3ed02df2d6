import type { CommandName } from '../codec/commands.ts';
import type { FrameParts } from '../codec/frame.ts';
import type { HeaderSchema } from '../codec/header.ts';
import type { HeaderView } from '../codec/header-view.ts';
import { FLAG_ONEWAY } from '../codec/remoting-command.ts';
import { type Language, languages, type ScannedCommand } from '../codec/scanned-command.ts';
import type { Connection } from './connection.ts';

const NO_BYTES = Buffer.alloc(0);

/** The one request object of a dispatcher, pointed at each frame in turn. Implements Request of every command. */
export class RequestSlot {
  command: CommandName = 'SEND_MESSAGE';
  header: HeaderView<HeaderSchema>;
  connection: Connection | undefined = undefined;
  opaque = 0;
  readonly vip: boolean;
  scanned: ScannedCommand;
  private readonly parts: FrameParts;

  constructor(scanned: ScannedCommand, parts: FrameParts, vip: boolean, header: HeaderView<HeaderSchema>) {
    this.scanned = scanned;
    this.parts = parts;
    this.vip = vip;
    this.header = header;
  }

  frame: Buffer = NO_BYTES;

  /** Refers to no request any more. */
  clear(): void {
    this.connection = undefined;
    this.frame = NO_BYTES;
  }

  get bytes(): Buffer {
    return this.frame;
  }

  get bodyStart(): number {
    return this.parts.headerEnd;
  }

  get bodyEnd(): number {
    return this.parts.bodyEnd;
  }

  get body(): Buffer | undefined {
    const { headerEnd, bodyEnd } = this.parts;
    return bodyEnd > headerEnd ? this.frame.subarray(headerEnd, bodyEnd) : undefined;
  }

  get version(): number {
    return this.scanned.version;
  }

  get language(): Language | undefined {
    return languages[this.scanned.language];
  }

  get oneway(): boolean {
    return (this.scanned.flag & FLAG_ONEWAY) !== 0;
  }

  get remark(): string | undefined {
    return this.scanned.remark();
  }

  get hasExtFields(): boolean {
    return this.scanned.hasExtFields;
  }

  ext(name: string): string | undefined {
    return this.scanned.ext(name);
  }

  extFields(): Map<string, string> {
    return this.scanned.extFields();
  }
}
