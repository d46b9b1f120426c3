"""What the scorecard looks at, and the words in which it explains itself to a customer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """One characteristic of an application; `order` is stated from the riskier end where known."""

    name: str
    label_zh: str
    label_en: str
    reason_zh: str
    reason_en: str
    order: tuple[str, ...] = ()
    numeric: bool = False


VARIABLES = (
    Variable(
        "checking_account",
        "活期账户状况",
        "checking account",
        "您在本行没有活期账户,或近期账户余额较低",
        "no checking account with us, or a low balance",
        ("no account", "below 0 DM", "0 to under 200 DM", "200 DM or more"),
    ),
    Variable(
        "credit_history",
        "信用记录",
        "credit history",
        "您过往或其他在还贷款的履约记录",
        "your record on earlier or other current credits",
    ),
    Variable(
        "duration_months",
        "贷款期限(月)",
        "duration in months",
        "申请的贷款期限较长",
        "the loan runs for a long time",
        numeric=True,
    ),
    Variable(
        "savings",
        "储蓄",
        "savings",
        "您的储蓄较少,或我们不了解您的储蓄",
        "your savings are low, or not known to us",
        (
            "unknown or none",
            "below 100 DM",
            "100 to under 500 DM",
            "500 to under 1000 DM",
            "1000 DM or more",
        ),
    ),
    Variable(
        "purpose",
        "贷款用途",
        "purpose of the loan",
        "所申请用途的贷款,历史上违约较多",
        "loans for this purpose were repaid less often",
    ),
    Variable(
        "employment",
        "现职工作年限",
        "time with the present employer",
        "您目前没有工作,或现职时间较短",
        "no present employment, or a short time in it",
        (
            "unemployed",
            "under 1 year",
            "1 to under 4 years",
            "4 to under 7 years",
            "7 years or more",
        ),
    ),
    Variable(
        "credit_amount",
        "贷款金额",
        "loan amount",
        "申请的贷款金额",
        "the amount that you asked for",
        numeric=True,
    ),
    Variable(
        "other_installment_plans",
        "其他分期",
        "other instalment plans",
        "您在其他机构还有分期付款",
        "you have instalment plans elsewhere",
    ),
)
