/** Messages in and out since the start, and at the last two midnights. Java: BrokerStats. */
export class BrokerStats {
  putNums = 0;
  getNums = 0;
  msgPutTotalYesterdayMorning = 0;
  msgPutTotalTodayMorning = 0;
  msgGetTotalYesterdayMorning = 0;
  msgGetTotalTodayMorning = 0;

  /** Run at local midnight. Java: BrokerStats#record. */
  record(): void {
    this.msgPutTotalYesterdayMorning = this.msgPutTotalTodayMorning;
    this.msgGetTotalYesterdayMorning = this.msgGetTotalTodayMorning;
    this.msgPutTotalTodayMorning = this.putNums;
    this.msgGetTotalTodayMorning = this.getNums;
  }
}
