"""How long a batch waits for others: only where others came lately, and no longer than until as many are there."""

from neurodeploy.serve.inference.company import LEAST, TRY_EVERY, Company


def waited(company: Company, requests: int) -> None:
    """A batch whose time to wait was over."""
    company.over = True
    assert not company.holds(requests)
    company.left(requests)


def turns(company: Company) -> list[bool]:
    """Whether batches of one request wait, over one round."""
    found = []
    for _ in range(TRY_EVERY):
        found.append(company.holds(1))
        company.left(1)
    return found


def test_a_client_alone_waits_once_in_a_round():
    assert turns(Company()) == [False] * (TRY_EVERY - 1) + [True]


def test_where_others_come_a_batch_waits_until_they_are_there():
    company = Company()
    for _ in range(40):
        waited(company, 5)
    assert 3.9 < company.others <= 4.0
    assert [company.holds(n) for n in (1, 4, 5, 6)] == [True, True, False, False]


def test_a_batch_that_went_early_teaches_nothing():
    company = Company(others=3.0)
    company.left(2)
    assert company.others == 3.0


def test_where_nobody_comes_any_more_the_waits_end():
    company = Company(others=4.0)
    waits = 0
    while company.others >= LEAST:
        waited(company, 1)
        waits += 1
    assert waits == 10
    assert not company.holds(1)
