"""The spreadsheets that people really keep: read safely, understood, given back marked.

Nothing here knows Flask, SQL or a province. A file is hostile until read: `reading.read` hands its
bytes to a child process that holds no keys and has little memory, and yields what it sends back.

    columns = (
        Column("name", ("姓名", "学员姓名")),
        Column("id_number", ("身份证号", "证件号码", "公民身份号码")),
        Column("hours", ("学时", "学时数")),
        Column("finished_on", ("完成日期",), required=False),
    )
    with read(data, "名单.xlsx") as sheet:              # raises UnreadableFile
        table = understood(sheet, columns)              # raises UnreadableFile: which column, why
        for line in table:                              # streams; blank and total lines left out
            hours = required(hundredths(line["hours"], table.title("hours")))
            if isinstance(hours, Problem): ...          # a bad cell is data, not an exception
    marked = marked_file(read(data, "名单.xlsx"), {3: [problem]}, columns)

reading.read(data: bytes, name: str = "", limits: Limits = Limits()) -> Sheet
    Sheet: an iterator of Row, a context manager; .name .other_sheets .hidden_sheets .kind .height
           .width .encoding .epoch_1904 .close()
    Row: .number (as in the user's file, from 1), .values (list of Value)
    Value = str | int | Decimal | bool | date | datetime | time | timedelta | Fault | None
headers.understood(sheet, columns: Sequence[Column]) -> Table
    Table: an iterator of Line; .header .left_out .title(key)
    Header: .row .places {key: index} .titles {key: as written} .unknown
    Line: .number, line[key] -> Value (None where the column is missing), .values
cells: text, id_number, day, yes_no, choice, hundredths (value, title, …) -> T | Problem | None
    None is an empty cell; required(…) makes a Problem of it
    Problem(key title, message): plain Chinese
marking.marked_file(sheet, problems: {row number: [Problem | str]}, columns) -> bytes (xlsx)
refusals: the kinds of UnreadableFile, each with its `reason`
"""
